"""The judgement on one or more synthetic places: each place's rankings, pooled, held against the targets.

Belongs here: putting places together and what is said of them. What each ranking finds is in `evaluation`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import altair as alt
import ibis
import numpy as np
import pandas as pd
import vl_convert

from phm.governance.pseudonyms import Pseudonymiser
from phm.risk.evaluation import (
    CONTACTS_PER_40_000,
    WAYS,
    Yield,
    group_table,
    orders,
    slopes,
    truth_of,
    yields,
)
from phm.risk.landmarks import known
from phm.risk.modelled import DECIMALS
from phm.risk.ranking import check_tiers, invitable
from phm.risk.training import train_and_test
from phm.store import Partition, Store

CURVE_PER_40_000 = tuple(range(250, 4_001, 250))
OF_THE_BEST = 95.0
SLOPES = (0.95, 1.05)
MOST_DEPRIVED, LEAST_DEPRIVED = "1", "5"

Best = Callable[..., np.ndarray]
"""`best(core_event, truth, reference_date=...)`: the chance, for each row of `truth`, of what nobody has coded."""


@dataclass(frozen=True)
class Judged:
    """One place: what each way finds, whom the pipeline reaches, and the model's probabilities beside the truth."""

    key: str
    model: str
    people: int
    there: int
    left_out: int
    """People whose readings were written to show a course."""
    yields: list[Yield]
    contacts: dict[int, int]
    """Contacts made in this place, by contacts for 40,000 registered people."""
    groups: pd.DataFrame
    unmeasured: pd.DataFrame
    """One row is one person without a reading for a year: `sex`, `imd_quintile`, `p`, `is_true`."""


@dataclass(frozen=True)
class Target:
    says: str
    is_met: bool


def judge(
    con: ibis.BaseBackend,
    store: Store,
    partition: Partition,
    truth: Path,
    pseudonymiser: Pseudonymiser,
    /,
    *,
    best: Best,
    draft: bool = False,
) -> Judged:
    """A synthetic place held against its truth, with a model trained on its own records.

    Its tables are those published, or with `draft` those of a run that has not published.
    """
    event, person, feature, member, hold = (
        store.read(con, table, partition, draft=draft)
        for table in ("core_event", "core_person", "person_feature", "cohort_member", "list_hold")
    )
    check_tiers(member)
    day = partition.reference_date
    fitted = train_and_test(event, person, reference_date=day).fitted
    rows = known(event, feature, until=day)
    may_be = invitable(feature, member, hold, reference_date=day)
    people = rows.inner_join(may_be.drop("practice_code"), "person_id").order_by("person_id").to_pyarrow().to_pandas()
    told = truth_of(truth, pseudonymiser)
    people = people[people["person_id"].isin(told.index)]
    of_people = told.loc[people["person_id"]]
    lives_a_story = of_people["lives_a_story"].to_numpy(bool)
    people, of_people = people[~lives_a_story].reset_index(drop=True), of_people[~lives_a_story]
    is_true = of_people["is_undiagnosed"].to_numpy(bool)
    p = fitted.predict(people).round(DECIMALS)
    registered = person.filter(person.is_registered, person.is_alive).count().execute()
    contacts = {n: round(n * registered / 40_000) for n in sorted({*CONTACTS_PER_40_000, *CURVE_PER_40_000})}
    ordered = orders(people, p, best(event, of_people, reference_date=day))
    found = yields(people, is_true, ordered, list(contacts.values()))
    groups = group_table(people, is_true, ordered, [contacts[n] for n in CONTACTS_PER_40_000])
    judged = people[["sex", "imd_quintile"]].assign(p=p, is_true=is_true)[people["is_unmeasured"]]
    return Judged(
        partition.key, fitted.name, len(people), int(is_true.sum()), int(lives_a_story.sum()), found, contacts, groups,
        judged,
    )  # fmt: skip


@dataclass(frozen=True)
class Pooled:
    """All places together; one row of `found` is one way at one number of contacts for 40,000 people in one place."""

    places: list[Judged]

    @property
    def says(self) -> str:
        """What was judged, in a sentence."""
        people, there, left_out = (sum(getattr(p, n) for p in self.places) for n in ("people", "there", "left_out"))
        models = pd.Series([place.model for place in self.places]).value_counts()
        kept = ", ".join(f"{name} in {count}" for name, count in models.items())
        return (
            f"{len(self.places)} places, {people:,} people who may be invited, {there:,} of them with undiagnosed "
            f"hypertension; {left_out:,} more are left out, whose readings show a course. Models kept: {kept}."
        )

    @cached_property
    def found(self) -> pd.DataFrame:
        rows = []
        for place in self.places:
            per_40_000 = {count: n for n, count in place.contacts.items()}
            rows += [(place.key, per_40_000[y.contacts], y.way, y.contacts, y.found, place.there) for y in place.yields]
        found = pd.DataFrame(rows, columns=["place", "per_40_000", "way", "contacts", "found", "there"])
        best = found[found["way"] == "best"].set_index(["place", "per_40_000"])["found"].rename("best")
        found = found.join(best, on=["place", "per_40_000"])
        found["of_best_pct"] = 100 * found["found"] / found["best"]
        return found.drop(columns="best")

    @cached_property
    def curve(self) -> pd.DataFrame:
        """One row is one way at one number of contacts, summed over places, with the spread over places."""
        by = ["per_40_000", "way"]
        rows = self.found.groupby(by, as_index=False)[["contacts", "found", "there"]].sum()
        rows["share_pct"] = 100 * rows["found"] / rows["there"]
        rows["needed"] = rows["contacts"] / rows["found"].where(rows["found"] > 0)
        best = rows[rows["way"] == "best"].set_index("per_40_000")["found"]
        rows["of_best_pct"] = 100 * rows["found"] / rows["per_40_000"].map(best)
        spread = self.found.groupby(by)["of_best_pct"].agg(lowest_pct="min", highest_pct="max")
        return rows.join(spread, on=by)

    @cached_property
    def reached(self) -> pd.DataFrame:
        """One row is one group, one way and one number of contacts: contacted and found, of how many there."""
        per_40_000 = {(p.key, count): n for p in self.places for n, count in p.contacts.items()}
        rows = [p.groups.assign(per_40_000=[per_40_000[p.key, n] for n in p.groups["contacts"]]) for p in self.places]
        each = pd.concat(rows, ignore_index=True)
        is_quintile = each["kind"] == "quintile"
        each.loc[is_quintile, "group"] = each.loc[is_quintile, "group"].astype(float).map("{:.0f}".format)
        by = ["way", "per_40_000", "kind", "group"]
        summed = each.groupby(by, as_index=False)[["contacted", "found", "there"]].sum()
        summed["needed"] = summed["contacted"] / summed["found"].where(summed["found"] > 0)
        summed["share_pct"] = 100 * summed["found"] / summed["there"].where(summed["there"] > 0)
        return summed

    @cached_property
    def slopes(self) -> pd.DataFrame:
        """Calibration of all places together, with the lowest and highest slope of a place."""
        pooled = slopes(pd.concat([place.unmeasured for place in self.places]))
        each = pd.concat([slopes(place.unmeasured) for place in self.places]).groupby("group")["slope"]
        return pooled.join(each.agg(lowest="min", highest="max"), on="group")

    def tables(self) -> dict[str, pd.DataFrame]:
        """What is printed, rounded, by title."""
        curve = self.curve[self.curve["per_40_000"].isin(CONTACTS_PER_40_000)]
        return {
            "Found at equal numbers of contacts": curve.assign(way=curve["way"].map(WAYS)).round(1),
            "The pipeline by group": self.reached[self.reached["way"] == "pipeline"].drop(columns="way").round(2),
            "Calibration on the truth, of people without a reading for a year": self.slopes.round(3),
        }

    def targets(self) -> list[Target]:
        """Each target with what was achieved: in all places together, and how single places spread."""
        return [*self._of_the_best(), *self._calibrated(), *self._fair()]

    def _of_the_best(self) -> Iterator[Target]:
        pipeline = self.curve[self.curve["way"] == "pipeline"].set_index("per_40_000")
        each = self.found[self.found["way"] == "pipeline"]
        for n in CONTACTS_PER_40_000:
            row, places = pipeline.loc[n], each[each["per_40_000"] == n]["of_best_pct"]
            spread = f"places {row.lowest_pct:.1f}% to {row.highest_pct:.1f}%"
            many = f"{(places >= OF_THE_BEST).sum()} of {len(places)} reach it"
            says = f"{n:,} contacts per 40,000 people: {row.of_best_pct:.1f}% of the best, wanted {OF_THE_BEST:.0f}%"
            yield Target(f"{says} ({spread}; {many})", bool(row.of_best_pct >= OF_THE_BEST))

    def _calibrated(self) -> Iterator[Target]:
        for row in self.slopes[self.slopes["group"] != "all"].itertuples():
            says = f"calibration slope, {row.group}: {row.slope:.3f} ({row.lower:.3f} to {row.upper:.3f})"
            says = f"{says}, wanted {SLOPES[0]} to {SLOPES[1]} (places {row.lowest:.2f} to {row.highest:.2f})"
            yield Target(says, bool(SLOPES[0] <= row.slope <= SLOPES[1]))

    def _fair(self) -> Iterator[Target]:
        of_quintiles = self.reached[self.reached["kind"] == "quintile"]
        shares = of_quintiles.set_index(["way", "per_40_000", "group"])["share_pct"]
        for n in CONTACTS_PER_40_000:
            found = {
                way: tuple(shares.get((way, n, quintile), np.nan) for quintile in (MOST_DEPRIVED, LEAST_DEPRIVED))
                for way in ("pipeline", "best")
            }
            said = {way: f"{most:.1f}% and {least:.1f}%" for way, (most, least) in found.items()}
            says = f"found of the most and the least deprived quintile {said['pipeline']} (by the best {said['best']})"
            most, least = found["pipeline"]
            yield Target(f"{n:,} contacts per 40,000 people: {says}", bool(most >= least))


def write(found: Pooled, folder: Path, /, *, note: str) -> None:
    """Write `evaluation.md`, the tables as CSV and the yield curves as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Judged on the truth", "", found.says, "", note, "", "![Yield](yield.svg)", ""]
    lines += [f"- {'met' if target.is_met else '**not met**'}: {target.says}" for target in found.targets()]
    (folder / "evaluation.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name, table in (("yield", found.curve), ("groups", found.reached), ("calibration", found.slopes)):
        table.to_csv(folder / f"{name}.csv", index=False)
    curve = found.curve.assign(way=found.curve["way"].map(WAYS))
    chart = alt.Chart(curve).mark_line().encode(
        x=alt.X("per_40_000", title="Contacts per 40,000 registered people"),
        y=alt.Y("share_pct", title="Percent of true undiagnosed hypertension found"),
        color=alt.Color("way", sort=list(WAYS.values()), title=None, legend=alt.Legend(orient="bottom", columns=2)),
    )  # fmt: skip
    (folder / "yield.svg").write_text(vl_convert.vegalite_to_svg(chart.properties(width=420, height=280).to_dict()))
