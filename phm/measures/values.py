"""Measures counted per practice in scans of the people, added up to PCN, place and ICB. Nothing here may be shown.

What comes out is `RawCounts`; `phm.governance.disclosure.publish` makes it `measure_value`, calling
`phm.measures.statistics` on the rounded parts.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain

import ibis
import ibis.expr.types as ir
import pandas as pd

from phm.errors import DefinitionError
from phm.feeds.contracts import load_contract
from phm.governance.raw import RawCounts, step_family
from phm.measures.definition import Measure
from phm.measures.groups import EVERYBODY, FURTHEST_STEP, GROUPINGS, ICB_ONLY, QUINTILE, QUINTILE_AGE_BAND, shares
from phm.measures.residence import residence_counts
from phm.measures.statistics import statistics
from phm.measures.ties import counted_groups, ties

LEVELS = ("practice", "pcn", "place", "icb")
NO_PCN = "No PCN"
_THOUSANDTHS = 1000
_COUNTS = ["practice_code", "measure_id", "group_name", "group_value", "numerator", "denominator"]


def measure_values(
    person_feature: ir.Table,
    geography: ir.Table,
    residence: ir.Table,
    attrition: pd.DataFrame,
    cascade: pd.DataFrame,
    /,
    *,
    definitions: Sequence[Measure],
    reference_date: dt.date,
) -> RawCounts:
    """Unrounded counts: one row per measure, area (practice, PCN, place, ICB) and group; not to be shown.

    All tables are of the same month: `person_feature` (as `people_with_scores` makes it), `geography`
    (`core_geography`), `residence` (what `core.boundary.pcn_facts` makes), `attrition` (`cohort_attrition`) and
    `cascade` (`list_cascade`). A practice's people count in the areas of their practice (registered view); how far that
    is also where they live is counted for PCNs. Practices are not counted by group, and the finest groups only for the
    ICB: such counts would be too small.
    """
    selected = geography.select(*(f"{a}_{b}" for a in LEVELS for b in ("code", "name")))
    areas = selected.to_pyarrow().to_pandas()
    areas["pcn_name"] = areas["pcn_name"].fillna(NO_PCN)
    judged = _judged(person_feature, definitions, reference_date).cache()
    counted = chain(_of_people(judged, definitions), _of_lists(attrition, cascade, definitions, judged))
    by_practice = _completed(pd.concat(counted, ignore_index=True), areas["practice_code"], definitions)
    placed = by_practice.merge(areas, on="practice_code", how="inner", validate="many_to_one")
    levels = [
        placed.assign(area_type=level, area_code=placed[f"{level}_code"], area_name=placed[f"{level}_name"])
        for level in LEVELS
    ]
    named = pd.concat(levels, ignore_index=True)
    is_grouped = (named["group_name"].isin(GROUPINGS) & ~named["is_share"]) | named["group_name"].eq(FURTHEST_STEP)
    is_too_fine = (named["area_type"].eq("practice") & is_grouped) | (
        named["area_type"].ne("icb") & named["group_name"].isin(ICB_ONLY)
    )
    named = named[~is_too_fine]
    named["area_name"] = named["area_name"].fillna(named["area_code"])
    key = ["measure_id", "title", "area_type", "area_code", "area_name", "group_name", "group_value", "unit"]
    counts = named.groupby(key, as_index=False)[["numerator", "denominator"]].sum()
    pcn_names = areas.drop_duplicates("pcn_code").set_index("pcn_code")["pcn_name"]
    counts = pd.concat([counts, residence_counts(residence, pcn_names)], ignore_index=True)
    counts["denominator"] = counts["denominator"].astype("Int64").mask(counts["unit"].eq("people"))
    return RawCounts(
        counts,
        nesting=_nesting(areas),
        statistics=partial(statistics, definitions=definitions, reference_date=reference_date),
        groups=counted_groups(definitions),
        ties=ties(counts, definitions),
        sums=_list_entries(attrition, definitions),
    )


def people_with_scores(person_feature: ir.Table, person_risk: ir.Table, /) -> ir.Table:
    """One row per row of `person_feature`, with what `person_risk` says besides of those it is about."""
    scores = [name for name in person_risk.columns if name not in person_feature.columns]
    joined = person_feature.left_join(person_risk.select("person_id", *scores), "person_id")
    return joined.select(*person_feature.columns, *scores)


def groupings_of(measure: Measure, /) -> tuple[str, ...]:
    """Every grouping a measure's people are counted in besides all of them, the one of its gradient included."""
    gradient = [QUINTILE_AGE_BAND] if measure.standardisation == "direct" and QUINTILE in measure.groups else []
    return (*filter(None, [measure.count_by]), *measure.groups, *gradient)


def _judged(feature: ir.Table, definitions: Sequence[Measure], on: dt.date) -> ir.Table:
    """One row per person: practice, key in each grouping, whether each measure counts them, and with what amount.

    Everything that is counted is counted from these columns, so that people are looked at once.
    """
    groupings = {grouping for measure in definitions for grouping in groupings_of(measure)}
    shared = {measure.share_by for measure in definitions if measure.share_by}
    keys = {name: GROUPINGS[name].key(feature) for name in sorted(groupings)}
    keys |= {f"share by {name}": feature[name].cast("string") for name in sorted(shared)}
    parts = {}
    for measure in definitions:
        if measure.cascade_of:
            continue
        parts[f"{measure.id} denominator"] = is_counted = _is_counted(feature, measure, on)
        if _is_of_people(measure):
            parts[f"{measure.id} numerator"] = is_counted.ifelse(_amount(feature, measure, on), 0)
    return feature.select("practice_code", **{EVERYBODY: ibis.literal(EVERYBODY)}, **keys, **parts)


def _is_of_people(measure: Measure) -> bool:
    """Whether a measure counts people who meet a condition, in groups: not shares, entries of lists or steps."""
    return not (measure.share_by or measure.entries_of or measure.cascade_of)


def _of_people(judged: ir.Table, definitions: Sequence[Measure]) -> Iterator[pd.DataFrame]:
    """Counts of people by practice, for each grouping."""
    by_grouping = defaultdict(list)
    for measure in definitions:
        if measure.share_by:
            yield _shares(judged, measure)
        elif _is_of_people(measure):
            for grouping in (EVERYBODY, *groupings_of(measure)):
                by_grouping[grouping].append(measure)
    for grouping, measures in by_grouping.items():
        yield _counted(judged, grouping, measures)


def _counted(judged: ir.Table, grouping: str, measures: list[Measure]) -> pd.DataFrame:
    """Counts of several measures by practice and group, as many rows as there are groups with people."""
    columns = [f"{measure.id} {part}" for measure in measures for part in ("denominator", "numerator")]
    sums = {column: judged[column].cast("int64").sum() for column in columns}
    rows = judged.group_by("practice_code", key=judged[grouping]).aggregate(**sums).to_pyarrow().to_pandas()
    of_measures = []
    for measure in measures:
        names = GROUPINGS[grouping].names(measure.age_from, measure.age_to) if grouping != EVERYBODY else {"all": "all"}
        counts = pd.DataFrame(
            {
                "practice_code": rows["practice_code"],
                "group_value": rows["key"].map(names),
                "numerator": rows[f"{measure.id} numerator"].fillna(0),
                "denominator": rows[f"{measure.id} denominator"],
            }
        ).dropna(subset=["group_value"])
        of_measures.append(counts.assign(measure_id=measure.id, group_name=grouping))
    return pd.concat(of_measures, ignore_index=True)


def _is_counted(feature: ir.Table, measure: Measure, on: dt.date) -> ir.BooleanColumn:
    ages = feature.age.between(measure.age_from, measure.age_to)
    return ages & measure.denominator.on(feature, settings={}, reference_date=on)


def _amount(feature: ir.Table, measure: Measure, on: dt.date) -> ir.IntegerColumn:
    """What one person adds to the numerator: a whole number, so that the sum is the same on every engine."""
    if measure.mean_of:
        return (feature[measure.mean_of] * _THOUSANDTHS).round().cast("int64")
    if measure.sum_of:
        return feature[measure.sum_of]
    if measure.numerator is None:
        return ibis.literal(1, "int8")
    return measure.numerator.on(feature, settings={}, reference_date=on).ifelse(
        ibis.literal(1, "int8"), ibis.literal(0, "int8")
    )


def _shares(judged: ir.Table, measure: Measure) -> pd.DataFrame:
    """People of each practice by each value of a column; the denominator is all of them."""
    people = judged.filter(judged[f"{measure.id} denominator"])
    by = people.group_by("practice_code", group_value=people[f"share by {measure.share_by}"])
    rows = by.aggregate(numerator=people.count()).to_pyarrow().to_pandas()
    rows["denominator"] = rows.groupby("practice_code")["numerator"].transform("sum")
    return rows.assign(measure_id=measure.id, group_name=measure.share_by)


def _of_lists(
    attrition: pd.DataFrame, cascade: pd.DataFrame, definitions: Sequence[Measure], judged: ir.Table
) -> Iterator[pd.DataFrame]:
    """List entries by practice out of its people, and people listed by how far they got."""
    for measure in definitions:
        if measure.entries_of:
            people = judged.filter(judged[f"{measure.id} denominator"]).group_by("practice_code")
            rows = people.aggregate(denominator=ibis._.count()).to_pyarrow().to_pandas()
            tiers = _known(attrition, measure.entries_of)
            entries = tiers[tiers["kind"] == "tier"].groupby("practice_code")["person_count"].sum()
            rows["numerator"] = rows["practice_code"].map(entries).fillna(0)
            yield rows.assign(measure_id=measure.id, group_name=EVERYBODY, group_value=EVERYBODY)
        elif measure.cascade_of:
            yield _furthest_steps(cascade[cascade["cohort_id"] == measure.cascade_of]).assign(measure_id=measure.id)


def _furthest_steps(cascade: pd.DataFrame) -> pd.DataFrame:
    """People listed by the furthest step of one cohort's cascade: whom the next step lost, and who reached the last."""
    steps = cascade.sort_values(["practice_code", "step_order"], ignore_index=True)
    of_practice = steps.groupby("practice_code")
    lost = of_practice["person_count"].shift(-1).fillna(steps["remaining_count"])
    return pd.DataFrame(
        {
            "practice_code": steps["practice_code"],
            "group_name": FURTHEST_STEP,
            "group_value": steps["step"],
            "numerator": lost,
            "denominator": of_practice["remaining_count"].transform("first"),
        }
    )


def _known(attrition: pd.DataFrame, cohorts: Iterable[str]) -> pd.DataFrame:
    """Attrition of those of the cohorts that the site evaluates; DefinitionError where it evaluates none of them."""
    if len(attrition) and not set(cohorts) & set(attrition["cohort_id"]):
        raise DefinitionError(
            "A measure counts the entries of lists that no definition makes",
            name=", ".join(sorted(cohorts)),
            hint="`phm cohorts list` names the definitions there are.",
        )
    return attrition[attrition["cohort_id"].isin(list(cohorts))]


def _list_entries(attrition: pd.DataFrame, definitions: Sequence[Measure]) -> dict[tuple[str, str], list[str]]:
    """Which published steps add up to the entries a measure counts."""
    tiers = attrition[attrition["kind"] == "tier"][["cohort_id", "step_order"]].drop_duplicates()
    steps = [(cohort, step_family(cohort, int(order))) for cohort, order in tiers.itertuples(index=False)]
    return {
        ("numerator", measure.id): [family for cohort, family in steps if cohort in measure.entries_of]
        for measure in definitions
        if measure.entries_of
    }


def _completed(counts: pd.DataFrame, practices: pd.Series, definitions: Sequence[Measure]) -> pd.DataFrame:
    """Every practice with every group of every measure, zero where nobody was counted; with title and unit."""
    groups = [
        {"measure_id": m.id, "title": m.title, "unit": m.unit, "is_share": is_share, "group_name": name}
        | {"group_value": group}
        for m in definitions
        for name, group, is_share in _groups(m)
    ]
    grid = pd.DataFrame({"practice_code": practices}).merge(pd.DataFrame(groups), how="cross")
    key = _COUNTS[:4]
    full = grid.merge(counts.groupby(key, as_index=False)[_COUNTS[4:]].sum(), on=key, how="left")
    of_all = full.groupby(["practice_code", "measure_id"])["denominator"].transform("max")
    full["denominator"] = full["denominator"].mask(full["is_share"], of_all)
    return full.assign(**{name: full[name].fillna(0).astype("int64") for name in _COUNTS[4:]})


def _groups(measure: Measure) -> Iterator[tuple[str, str, bool]]:
    """Grouping and group of every row of a measure, and whether the rows are shares of one denominator."""
    if measure.share_by:
        for value in shares(measure.share_by):
            yield measure.share_by, value, True
    elif measure.cascade_of:
        for step in load_contract("list_cascade").column("step").valid_values:
            yield FURTHEST_STEP, step, True
    else:
        yield EVERYBODY, EVERYBODY, False
        for grouping in groupings_of(measure):
            for name in dict.fromkeys(GROUPINGS[grouping].names(measure.age_from, measure.age_to).values()):
                yield grouping, name, False


def _nesting(areas: pd.DataFrame) -> list[tuple[tuple[str, str], list[tuple[str, str]]]]:
    """Areas and the smaller areas that make them up exactly: a PCN across two places makes up neither."""
    nesting = []
    levels = [("icb", "place"), ("icb", "pcn"), ("place", "pcn"), ("place", "practice"), ("pcn", "practice")]
    for parent, child in levels:
        pairs = areas[[f"{parent}_code", f"{child}_code"]].drop_duplicates()
        parents_of = pairs.groupby(f"{child}_code").size()
        for code, rows in pairs.groupby(f"{parent}_code"):
            children = sorted(rows[f"{child}_code"])
            if all(parents_of[c] == 1 for c in children):
                nesting.append(((parent, code), [(child, c) for c in children]))
    return nesting
