"""Know your PCN: one printable page for each PCN, made from published tables, public maps and nothing else."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from phm.core.memberships import UNALLOCATED_PCN
from phm.feeds.contracts import load_contract
from phm.governance.disclosure import Published, require_published
from phm.measures.asset_gaps import asset_gaps
from phm.measures.definition import Measure
from phm.measures.groups import AGE_BANDS, SEXES
from phm.measures.residence import PATIENTS_INSIDE, RESIDENTS_HERE
from phm.report.rendering import count, number, render
from phm.report.wording import PCN_BAND, against_icb, size_note

MONTHS_BACK = 12
"""Months before this one that a trend shows."""
LIST_SIZE, SCORE, QUINTILES = "list_size", "imd_mean_score", "imd_quintile_share"
_SMALLEST_SCALE = 5.0
"""A chart of percentages reaches at least so far."""

Shown = Mapping[tuple[str, str, str, str], Any]
"""Published rows by measure, area type, area code and group value."""


def build_pages(
    measures: Published,
    geography: pd.DataFrame,
    lsoa_counts: pd.DataFrame,
    assets: pd.DataFrame,
    nearest: pd.DataFrame,
    /,
    *,
    earlier: Mapping[str, Published],
    measure_definitions: Sequence[Measure],
    month: str,
    reference_date: dt.date,
    back: str,
    is_synthetic: bool,
) -> dict[str, str]:
    """HTML of each PCN's page by PCN code, the same bytes for the same input.

    Parameters
    ----------
    measures
        Published `measure_value` of the month.
    geography
        `core_geography` of the practices that delivered.
    lsoa_counts
        `pcn_code` and `lsoa_count`, the areas inside its boundary.
    assets, nearest
        `pcn_asset`, and the nearest asset of each category to each PCN (`core.assets.nearest_assets`). Empty where no
        map was delivered.
    earlier
        Published `measure_value` of months before, by month.
    measure_definitions
        Those the measures were made with.
    month, back
        The month as YYYY-MM, and where the comparison of all PCNs stands, as a link.
    is_synthetic
        Whether the people are invented: the pages then say so first.

    Raises
    ------
    DisclosureError
        A table has not passed the gate.
    """
    shown = _shown(measures)
    before = {earlier_month: _shown(published) for earlier_month, published in sorted(earlier.items())}
    gaps = asset_gaps(measures, assets)
    lsoas = lsoa_counts.set_index("pcn_code")["lsoa_count"].to_dict()
    icb_code, icb_name = geography[["icb_code", "icb_name"]].iloc[0]
    icb = ("icb", icb_code)
    compared = [measure for measure in measure_definitions if measure.numerator is not None]
    pages = {}
    for code, practices in geography[geography["pcn_code"] != UNALLOCATED_PCN].groupby("pcn_code"):
        pcn = ("pcn", code)
        name = practices["pcn_name"].iloc[0]
        people = _value(shown, LIST_SIZE, pcn)
        facts = {
            "people": people,
            "pyramid": _pyramid(shown, pcn, icb),
            "mix": [_mix(shown, area, label) for area, label in ((pcn, "This PCN"), (icb, "The ICB"))],
            "lsoa_count": lsoas.get(code, 0),
            "inside_pct": _value(shown, PATIENTS_INSIDE, pcn),
            "elsewhere_pct": _rest(_value(shown, RESIDENTS_HERE, pcn)),
            "practices": [
                {"code": p, "name": n, "people": _value(shown, LIST_SIZE, ("practice", p))}
                for p, n in sorted(practices[["practice_code", "practice_name"]].itertuples(index=False))
            ],
            "trend": _trend({**before, month: shown}, pcn),
            "measures": [_compared(shown, measure, pcn, icb) for measure in compared],
            **_assets(code, assets, nearest, gaps),
        }
        pages[code] = render(
            "know_your_pcn.html.j2",
            code=code,
            name=name,
            icb_name=icb_name,
            reference_date=reference_date,
            back=back,
            is_synthetic=is_synthetic,
            sentences=_sentences(name, facts),
            widest=_scale(
                r[sex][key] for r in facts["pyramid"] for sex in SEXES.values() for key in ("pct", "icb_pct")
            ),
            highest=_scale(m[key] for m in facts["measures"] for key in ("upper", "icb_pct")),
            **facts,
        )
    return pages


def _shown(published: Published) -> Shown:
    rows = require_published(published)
    key = ["measure_id", "area_type", "area_code", "group_value"]
    return {
        tuple(row[:4]): row for row in _records(rows[[*key, "numerator", "denominator", "value", "lower", "upper"]])
    }


def _records(rows: pd.DataFrame) -> list[Any]:
    """Rows with None for what is missing."""
    return list(rows.astype(object).where(rows.notna(), None).itertuples(index=False, name="Row"))


def _value(shown: Shown, measure_id: str, area: tuple[str, str], group: str = "all", part: str = "value") -> Any:
    """A published value, None where it is withheld or there is none."""
    row = shown.get((measure_id, *area, group))
    return None if row is None else getattr(row, part)


def _rest(percent: float | None) -> float | None:
    return None if percent is None else 100 - percent


def _scale(percentages) -> float:
    """Where the axis of a chart of percentages ends."""
    return max([_SMALLEST_SCALE, *(p for p in percentages if p is not None)])


def _pyramid(shown: Shown, pcn: tuple[str, str], icb: tuple[str, str]) -> list[dict[str, Any]]:
    """One row per age band, youngest first, of each sex the people and their percentage of all, beside the ICB's."""

    def percent(area: tuple[str, str], group: str) -> float | None:
        people, everybody = _value(shown, LIST_SIZE, area, group), _value(shown, LIST_SIZE, area)
        return None if people is None or not everybody else 100 * people / everybody

    rows = []
    for band in AGE_BANDS:
        cells = {
            sex: {
                "people": _value(shown, LIST_SIZE, pcn, f"{sex} {band}"),
                "pct": percent(pcn, f"{sex} {band}"),
                "icb_pct": percent(icb, f"{sex} {band}"),
            }
            for sex in SEXES.values()
        }
        rows.append({"band": band, **cells})
    return rows


def _mix(shown: Shown, area: tuple[str, str], label: str) -> dict[str, Any]:
    shares = [_value(shown, QUINTILES, area, str(quintile)) for quintile in range(1, 6)]
    return {"name": label, "shares": shares, "score": _value(shown, SCORE, area)}


def _trend(months: Mapping[str, Shown], pcn: tuple[str, str]) -> list[dict[str, Any]]:
    """List size by month, of the months that know the PCN."""
    return [
        {"month": month, "people": _value(shown, LIST_SIZE, pcn)}
        for month, shown in months.items()
        if (LIST_SIZE, *pcn, "all") in shown
    ]


def _compared(shown: Shown, measure: Measure, pcn: tuple[str, str], icb: tuple[str, str]) -> dict[str, Any]:
    pct, lower, upper = (_value(shown, measure.id, pcn, part=part) for part in ("value", "lower", "upper"))
    overall = _value(shown, measure.id, icb)
    return {
        "title": measure.title,
        "of": measure.of,
        "people": _value(shown, measure.id, pcn, part="numerator"),
        "out_of": _value(shown, measure.id, pcn, part="denominator"),
        "pct": pct,
        "lower": lower,
        "upper": upper,
        "icb_pct": overall,
        "comparison": against_icb(pct, lower, upper, overall),
    }


def _assets(code: str, assets: pd.DataFrame, nearest: pd.DataFrame, gaps: pd.DataFrame) -> dict[str, Any]:
    """What there is inside the boundary, and of each kind how many, what needs it and whether it is missing."""
    inside = assets[assets["pcn_code"] == code].sort_values(["category", "organisation_name", "asset_id"])
    near = nearest[nearest["pcn_code"] == code].merge(assets[["asset_id", "organisation_name"]], on="asset_id")
    kinds = []
    for category in load_contract("community_asset").column("category").valid_values:
        of_kind = gaps[(gaps["pcn_code"] == code) & (gaps["category"] == category)]
        there = int((inside["category"] == category).sum())
        nearby = near.loc[near["category"] == category]
        kinds.append(
            {
                "kind": category.replace("_", " "),
                "assets": there,
                "needs": of_kind.loc[of_kind["is_higher"], "need"].tolist(),
                "is_gap": bool(of_kind["is_gap"].any()),
                "gap": _gap(bool(of_kind["is_gap"].any()), there, nearby),
            }
        )
    return {"has_asset_map": len(assets) > 0, "assets": _records(inside), "kinds": kinds}


def _gap(is_gap: bool, there: int, nearby: pd.DataFrame) -> str:
    """In words: nothing where there is one, else whether it is a gap and which is nearest."""
    if there:
        return ""
    words = "gap: needed, none inside" if is_gap else "none inside"
    if nearby.empty:
        return words
    nearest = nearby.iloc[0]
    return f"{words}; nearest: {nearest['organisation_name']}, {nearest['distance_metres'] / 1000:.1f} km"


def _sentences(name: str, facts: Mapping[str, Any]) -> list[str]:
    """What is worth knowing first, as far as it is published."""
    people, practices = facts["people"], facts["practices"]
    lowest, highest = PCN_BAND
    said = [
        f"About {count(people)} people are registered with {len(practices)} practices. Against the {count(lowest)} to "
        f"{count(highest)} people a PCN was meant to serve: {size_note(people) or 'within'}."
    ]
    pcn, icb = facts["mix"]
    if pcn["shares"][0] is not None:
        said.append(
            f"{number(pcn['shares'][0])}% live in the most deprived fifth of England's areas (Core20); "
            f"{number(icb['shares'][0])}% across the ICB."
        )
    if facts["inside_pct"] is not None:
        said.append(f"{number(facts['inside_pct'])}% of its patients in England live inside its boundary.")
    for word in ("higher", "lower"):
        titles = [m["title"] for m in facts["measures"] if m["comparison"] == word]
        if titles:
            said.append(f"{word.capitalize()} than the ICB: {'; '.join(titles)}.")
    missing = [kind["kind"] for kind in facts["kinds"] if kind["is_gap"]]
    if missing and facts["has_asset_map"]:
        said.append(f"Needed, and none inside {name}: {', '.join(missing)}.")
    return said
