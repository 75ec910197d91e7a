"""A made-up ICB whose every person is known, so that an attack on what is published about them can be judged.

People are counted in *atoms*: practice, age, sex, deprivation, step of the cohorts, whether the measure counts them.
Every published count is a set of atoms.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from phm.governance.raw import RawAttrition, RawCounts
from phm.governance.subsets import Group

AGES, SEXES, QUINTILES, STEPS = ("18-29", "30-50", "51+"), ("female", "male"), ("1", "2"), ("out", "t1", "no")
MIDDLE = AGES.index("30-50")
LEVELS = ("practice", "pcn", "place", "icb")
SHAPE = (len(AGES), len(SEXES), len(QUINTILES), len(STEPS), 2)
ADULTS, MIDDLE_AGED = Group(18, 120, frozenset({"registered"})), Group(30, 50, frozenset({"registered"}))


@dataclass(frozen=True)
class Month:
    """People of one month: `people` by practice and `SHAPE`, `areas` with one row per practice and column per level."""

    people: np.ndarray
    areas: pd.DataFrame

    def practices_of(self, level: str, code: str) -> np.ndarray:
        return (self.areas[level] == code).to_numpy()

    def codes(self, level: str) -> list[str]:
        return sorted(self.areas[level].unique())


def first_month(rng: np.random.Generator, *, practices: int, pcns: int, typical: float) -> Month:
    """Practices of very different sizes; some PCNs lie across two places, groups are empty or nearly so."""
    pcn = np.concatenate([np.arange(pcns), rng.integers(0, pcns, practices - pcns)])
    place = np.where(rng.random(practices) < 0.1, rng.integers(0, 2, practices), pcn % 2)
    size = rng.lognormal(np.log(typical), 0.8, practices)
    shape = [rng.dirichlet(np.full(n, 1.5), practices) for n in SHAPE[:-1]]
    flag = rng.beta(1, 9, practices)
    shape.append(np.column_stack([1 - flag, flag]))
    share = np.einsum("pa,ps,pq,po,pr->pasqor", *shape)
    people = rng.poisson(share * size[:, None, None, None, None, None])
    areas = pd.DataFrame({"practice": [f"A{n:03d}" for n in range(practices)]})
    areas["pcn"], areas["place"], areas["icb"] = [f"U{n:02d}" for n in pcn], [f"L{n}" for n in place], "QZZ"
    return Month(people, areas)


def next_month(month: Month, rng: np.random.Generator, *, event: str | None) -> Month:
    """A month later: few people come and go, and perhaps a practice closes, PCNs merge or a practice changes PCN."""
    people, areas = month.people.copy(), month.areas.copy()
    moves = rng.integers(-1, 2, people.shape) * (rng.random(people.shape) < 2 / people[0].size)
    people = np.maximum(people + moves, 0)
    codes = month.codes("pcn")
    if event == "closure":
        gone, heir = rng.choice(len(areas), 2, replace=False)
        people[heir] += people[gone]
        people, areas = np.delete(people, gone, axis=0), areas.drop(index=gone).reset_index(drop=True)
    elif event == "merger":
        areas["pcn"] = areas["pcn"].replace(codes[1], codes[0])
    elif event == "move":
        areas.loc[rng.choice(np.flatnonzero(areas["pcn"] != codes[-1])), "pcn"] = codes[-1]
    return Month(people, areas)


def tables(month: Month) -> tuple[RawCounts, RawAttrition]:
    """What the month publishes: list size with sex and age, shares by deprivation, a measure of two age ranges by sex,
    the same people in other words by deprivation, two cohorts of which one is within the other."""
    by_practice = [("list_size", "all", "all", "people", month.people.sum(axis=(1, 2, 3, 4, 5)), None)]
    everybody = by_practice[0][4]
    for a, age in enumerate(AGES):
        for s, sex in enumerate(SEXES):
            count = month.people[:, a, s].sum(axis=(1, 2, 3))
            by_practice.append(("list_size", "sex_age_band", f"{sex} {age}", "people", count, None))
    for q, quintile in enumerate(QUINTILES):
        count = month.people[:, :, :, q].sum(axis=(1, 2, 3, 4))
        by_practice.append(("share", "quintile", quintile, "percent", count, everybody))
    for measure, chosen in (("raised_18", month.people), ("raised_30", month.people[:, MIDDLE : MIDDLE + 1])):
        for group, some in (("all", chosen), *((sex, chosen[:, :, s : s + 1]) for s, sex in enumerate(SEXES))):
            counted = some[..., 1].sum(axis=(1, 2, 3, 4)), some.sum(axis=(1, 2, 3, 4, 5))
            by_practice.append((measure, "all" if group == "all" else "sex", group, "percent", *counted))
    for group, q in (("all", slice(None)), *((quintile, slice(q, q + 1)) for q, quintile in enumerate(QUINTILES))):
        some = month.people[:, :, :, q]
        counted = some[..., 1].sum(axis=(1, 2, 3, 4)), some.sum(axis=(1, 2, 3, 4, 5))
        by_practice.append(("raised_again", "all" if group == "all" else "deprivation", group, "percent", *counted))
    frames = []
    for measure, grouping, group, unit, numerator, denominator in by_practice:
        facts = {"measure_id": measure, "title": measure, "group_name": grouping, "group_value": group, "unit": unit}
        counts = pd.DataFrame({"numerator": numerator, "denominator": -1 if denominator is None else denominator})
        for level in LEVELS if grouping in ("all", "quintile") else LEVELS[1:]:
            added = counts.groupby(month.areas[level]).sum().rename_axis("area_code").reset_index()
            if denominator is None:
                added["denominator"] = -1
            frames.append(added.assign(area_type=level, area_name=added["area_code"], **facts))
    counts = pd.concat(frames, ignore_index=True).astype({"denominator": "Int64"})
    counts["denominator"] = counts["denominator"].mask(counts["denominator"] < 0)
    groups = {("numerator", "list_size"): ADULTS, ("denominator", "share"): ADULTS}
    for measure, group in (("raised_18", ADULTS), ("raised_30", MIDDLE_AGED)):
        raised = Group(group.age_from, group.age_to, group.conditions | {"raised"})
        groups |= {("denominator", measure): group, ("numerator", measure): raised}
    again = Group(ADULTS.age_from, ADULTS.age_to, ADULTS.conditions | {"raised, in other words"})
    groups |= {("denominator", "raised_again"): ADULTS, ("numerator", "raised_again"): again}
    areas = counts[["area_type", "area_code"]].drop_duplicates().itertuples(index=False, name=None)
    ties = []
    for area in areas:
        parts = [("numerator", "list_size", *area, f"{sex} 30-50") for sex in SEXES]
        ties.append((("denominator", "raised_30", *area, "all"), parts, True))
    raw = RawCounts(counts, nesting=_nesting(month.areas), statistics=lambda rows: rows, groups=groups, ties=ties)
    return raw, _attrition(month)


def _attrition(month: Month) -> RawAttrition:
    rows, groups = [], {}
    for cohort, ages, group in (("c18", slice(None), ADULTS), ("c30", slice(MIDDLE, MIDDLE + 1), MIDDLE_AGED)):
        taken = month.people[:, ages].sum(axis=(1, 2, 3, 5))
        for practice, counts in zip(month.areas["practice"], taken, strict=True):
            left = counts.sum()
            rows.append((cohort, practice, 0, "population", "population", "", left, left))
            for order, (step, count) in enumerate(zip(STEPS, counts, strict=True), 1):
                left -= count
                kind = "no_tier" if step == "no" else "tier"
                rows.append((cohort, practice, order, step, kind, "", count, left))
        conditions = group.conditions
        for order, step in enumerate(("population", *STEPS[:-1])):
            asked = conditions if not order else conditions | {step}
            conditions = conditions if not order else conditions | {f"not {step}"}
            of = [Group(group.age_from, group.age_to, c) for c in (asked, conditions)]
            groups[cohort, order] = (of[0], of[1])
    columns = ["cohort_id", "practice_code", "step_order", "step", "kind", "label", "person_count", "remaining_count"]
    geography = pd.DataFrame({"practice_code": month.areas["practice"]})
    for level in ("pcn", "icb"):
        geography[f"{level}_code"] = geography[f"{level}_name"] = month.areas[level]
    return RawAttrition(pd.DataFrame(rows, columns=columns), geography, groups=groups)


def _nesting(areas: pd.DataFrame) -> list:
    found = []
    for parent, child in (
        ("icb", "place"),
        ("icb", "pcn"),
        ("place", "pcn"),
        ("place", "practice"),
        ("pcn", "practice"),
    ):
        for code, rows in areas.groupby(parent):
            children = sorted(rows[child].unique())
            if (areas.loc[areas[child].isin(children), parent] == code).all():
                found.append(((parent, code), [(child, c) for c in children]))
    return found
