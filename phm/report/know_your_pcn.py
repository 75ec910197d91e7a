"""Know your PCN: who its people are, where they live, how it grows and what there is for them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from phm.feeds.contracts import load_contract
from phm.measures.groups import AGE_BANDS, SEX_AGE_BAND, SEXES, shares
from phm.measures.residence import PATIENTS_INSIDE, RESIDENTS_HERE
from phm.report.rendering import count, number
from phm.report.shown import Area, Shown, records
from phm.report.wording import PCN_BAND, size_note

MONTHS_BACK = 12
"""Months before this one that a trend shows."""
LIST_SIZE, SCORE, QUINTILES = "list_size", "imd_mean_score", "imd_quintile_share"
SEGMENTS, SEGMENT, CHANGE = "people_by_segment", "segment", "segment_change"
MOVES = ("more_need", "less_need")
_SMALLEST_SCALE = 5.0
"""A chart of percentages reaches at least so far."""


def know(
    code: str,
    months: Mapping[str, Shown],
    /,
    *,
    icb: Area,
    practices: pd.DataFrame,
    lsoa_count: int,
    assets: pd.DataFrame,
    nearest: pd.DataFrame,
    gaps: pd.DataFrame,
    deprivation_index: str,
) -> dict[str, Any]:
    """The facts about one PCN's people by the names its page knows them by.

    Parameters
    ----------
    months
        What is shown of each month, the newest last.
    practices
        `core_geography` of its practices that delivered.
    lsoa_count
        Areas inside its boundary.
    assets, nearest, gaps
        `pcn_asset`, the nearest asset of each category to each PCN (`core.assets.nearest_assets`), and what
        `measures.asset_gaps` makes of them. Empty where no map was delivered.
    deprivation_index
        Name of the index that quintiles are of, with its vintage.
    """
    pcn, shown = ("pcn", code), list(months.values())[-1]
    pyramid = _pyramid(shown, pcn, icb)
    return {
        "people": shown.value(LIST_SIZE, pcn),
        "pyramid": pyramid,
        "widest": _scale(r[sex][key] for r in pyramid for sex in SEXES.values() for key in ("pct", "icb_pct")),
        "mix": [_mix(shown, area, label) for area, label in ((pcn, "This PCN"), (icb, "The ICB"))],
        "deprivation_index": deprivation_index,
        "segments": _segments(shown, pcn, icb),
        "moved": {way: [shown.value(CHANGE, area, (CHANGE, way)) for area in (pcn, icb)] for way in MOVES},
        "lsoa_count": lsoa_count,
        "inside_pct": shown.value(PATIENTS_INSIDE, pcn),
        "elsewhere_pct": _rest(shown.value(RESIDENTS_HERE, pcn)),
        "practice_count": len(practices),
        "trend": _trend(months, pcn),
        **_assets(code, assets, nearest, gaps),
    }


def _rest(percent: float | None) -> float | None:
    return None if percent is None else 100 - percent


def _scale(percentages) -> float:
    """Where the axis of a chart of percentages ends."""
    return max([_SMALLEST_SCALE, *(p for p in percentages if p is not None)])


def _pyramid(shown: Shown, pcn: Area, icb: Area) -> list[dict[str, Any]]:
    """One row per age band, youngest first, of each sex the people and their percentage of all, beside the ICB's."""

    def percent(area: Area, group: str) -> float | None:
        people, everybody = shown.value(LIST_SIZE, area, (SEX_AGE_BAND, group)), shown.value(LIST_SIZE, area)
        return None if people is None or not everybody else 100 * people / everybody

    rows = []
    for band in AGE_BANDS:
        cells = {
            sex: {
                "people": shown.value(LIST_SIZE, pcn, (SEX_AGE_BAND, f"{sex} {band}")),
                "pct": percent(pcn, f"{sex} {band}"),
                "icb_pct": percent(icb, f"{sex} {band}"),
            }
            for sex in SEXES.values()
        }
        rows.append({"band": band, **cells})
    return rows


def _mix(shown: Shown, area: Area, label: str) -> dict[str, Any]:
    shares = [shown.value(QUINTILES, area, ("imd_quintile", str(quintile))) for quintile in range(1, 6)]
    return {"name": label, "shares": shares, "score": shown.value(SCORE, area)}


def _segments(shown: Shown, pcn: Area, icb: Area) -> list[tuple[Any, ...]]:
    """Segment, people, percent of all and the ICB's, in order of priority; nothing where a month counts none."""
    if shown.row(SEGMENTS, pcn, (SEGMENT, shares(SEGMENT)[0])) is None:
        return []
    return [
        (
            name,
            shown.value(SEGMENTS, pcn, (SEGMENT, name), "numerator"),
            *(shown.value(SEGMENTS, area, (SEGMENT, name)) for area in (pcn, icb)),
        )
        for name in shares(SEGMENT)
    ]


def _trend(months: Mapping[str, Shown], pcn: Area) -> list[dict[str, Any]]:
    """List size by month, of the months that know the PCN."""
    return [
        {"month": month, "people": shown.value(LIST_SIZE, pcn)}
        for month, shown in months.items()
        if shown.row(LIST_SIZE, pcn) is not None
    ]


def _assets(code: str, assets: pd.DataFrame, nearest: pd.DataFrame, gaps: pd.DataFrame) -> dict[str, Any]:
    """What there is inside the boundary, and of each kind how many, what needs it and whether it is missing."""
    inside = assets[assets["pcn_code"] == code].sort_values(["category", "organisation_name", "asset_id"])
    near = nearest[nearest["pcn_code"] == code].merge(assets[["asset_id", "organisation_name"]], on="asset_id")
    there, nearby = records(inside), list(near.itertuples(index=False))
    asked = list(gaps[gaps["pcn_code"] == code].itertuples(index=False))
    kinds = []
    for category in load_contract("community_asset").column("category").valid_values:
        of_kind = [gap for gap in asked if gap.category == category]
        is_gap = any(gap.is_gap for gap in of_kind)
        suitable = [asset.is_suitable for asset in there if asset.category == category]
        closest = next((asset for asset in nearby if asset.category == category), None)
        kinds.append(
            {
                "kind": category.replace("_", " "),
                "assets": len(suitable),
                "needs": [gap.need for gap in of_kind if gap.is_higher],
                "is_gap": is_gap,
                "gap": _gap(is_gap, suitable, closest),
            }
        )
    return {"has_asset_map": len(assets) > 0, "assets": there, "kinds": kinds}


def _gap(is_gap: bool, suitable: Sequence[bool], nearest: Any) -> str:
    """In words: nothing where a suitable one is inside, else whether it is a gap and which is nearest.

    `suitable` says of each one inside whether it is.
    """
    if any(suitable):
        return ""
    words = (
        "none inside that is open to more than members and was checked in the last year" if suitable else "none inside"
    )
    if is_gap:
        words = f"gap: needed, {words}"
    if nearest is None:
        return words
    return f"{words}; nearest: {nearest.organisation_name}, {nearest.distance_metres / 1000:.1f} km"


def sentences(name: str, facts: Mapping[str, Any], /) -> list[str]:
    """What is worth knowing of the people first, as far as it is published; `facts` are those of `know`."""
    people, practices = facts["people"], facts["practice_count"]
    of_practices = f"{practices} practice{'s' if practices != 1 else ''}"
    lowest, highest = PCN_BAND
    said = [
        f"About {count(people)} people are registered with {of_practices}. Against the {count(lowest)} to "
        f"{count(highest)} people a PCN was meant to serve: {size_note(people) or 'within'}."
    ]
    pcn, icb = facts["mix"]
    if pcn["shares"][0] is not None:
        said.append(
            f"{number(pcn['shares'][0])}% live in the most deprived fifth of England's areas (Core20, by "
            f"{facts['deprivation_index']}); {number(icb['shares'][0])}% across the ICB."
        )
    if facts["inside_pct"] is not None:
        said.append(f"{number(facts['inside_pct'])}% of its patients in England live inside its boundary.")
    more, less = (facts["moved"][way] for way in MOVES)
    if more[0] is not None and less[0] is not None:
        said.append(
            f"Since the month before, {number(more[0])}% of its patients moved to a segment of more need and "
            f"{number(less[0])}% to one of less; {number(more[1])}% and {number(less[1])}% across the ICB."
        )
    missing = [kind["kind"] for kind in facts["kinds"] if kind["is_gap"]]
    if missing and facts["has_asset_map"]:
        said.append(f"Needed, and none inside {name}: {', '.join(missing)}.")
    return said
