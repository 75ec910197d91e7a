"""The judgement on one or more synthetic places: each place's rankings, pooled, held against the targets.

Belongs here: putting places together and what is said of them. What each ranking finds is in `evaluation`.
"""

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
    calibration_on_truth,
    group_table,
    invitable,
    slopes,
    truth_of,
    yields,
)
from phm.risk.training import train_and_test
from phm.store import Partition, Store

CURVE_PER_40_000 = tuple(range(250, 4_001, 250))
OF_THE_BEST = 0.95
SLOPES = (0.95, 1.05)


@dataclass(frozen=True)
class Judged:
    """One place: what each way finds, whom the pipeline reaches, and the model's probabilities beside the truth."""

    key: str
    people: int
    there: int
    yields: list[Yield]
    contacts: dict[int, int]
    """Contacts made in this place, by contacts for 40,000 registered people."""
    groups: pd.DataFrame
    calibration: pd.DataFrame


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
    cohort_id: str,
) -> Judged:
    """A published synthetic place held against its truth, with a model trained on its own records."""
    event, person, feature, member = (
        store.read(con, table, partition) for table in ("core_event", "core_person", "person_feature", "cohort_member")
    )
    fitted = train_and_test(event, person, reference_date=partition.reference_date).fitted
    people = invitable(feature, member, cohort_id=cohort_id).order_by("person_id").to_pyarrow().to_pandas()
    people = people.merge(truth_of(truth, pseudonymiser), on="person_id", how="inner")
    is_true = people["is_undiagnosed"].to_numpy(bool)
    at = people["is_unmeasured"].to_numpy(bool)
    p = np.full(len(people), np.nan)
    p[at] = fitted.predict(people[at])
    registered = person.filter(person.is_registered, person.is_alive).count().execute()
    contacts = {n: round(n * registered / 40_000) for n in sorted({*CONTACTS_PER_40_000, *CURVE_PER_40_000})}
    generator = people["generator_probability"].to_numpy()
    found, order = yields(people, is_true, p, generator, list(contacts.values()))
    groups = group_table(people, is_true, order, [contacts[n] for n in CONTACTS_PER_40_000])
    judged = calibration_on_truth(people, is_true, fitted)
    return Judged(partition.key, len(people), int(is_true.sum()), found, contacts, groups, judged)


@dataclass(frozen=True)
class Pooled:
    """All places together; one row of `found` is one way at one number of contacts for 40,000 people in one place."""

    places: list[Judged]

    @property
    def people(self) -> int:
        return sum(place.people for place in self.places)

    @property
    def there(self) -> int:
        return sum(place.there for place in self.places)

    @cached_property
    def found(self) -> pd.DataFrame:
        rows = []
        for place in self.places:
            per_40_000 = {count: n for n, count in place.contacts.items()}
            rows += [(place.key, per_40_000[y.contacts], y.way, y.contacts, y.found, place.there) for y in place.yields]
        return pd.DataFrame(rows, columns=["place", "per_40_000", "way", "contacts", "found", "there"])

    @cached_property
    def curve(self) -> pd.DataFrame:
        """One row is one way at one number of contacts, summed over places."""
        rows = self.found.groupby(["per_40_000", "way"], as_index=False)[["contacts", "found", "there"]].sum()
        rows["share_pct"] = 100 * rows["found"] / rows["there"]
        rows["needed"] = rows["contacts"] / rows["found"].where(rows["found"] > 0)
        best = rows[rows["way"] == "best"].set_index("per_40_000")["found"]
        rows["of_best_pct"] = 100 * rows["found"] / rows["per_40_000"].map(best)
        return rows

    @cached_property
    def reached(self) -> pd.DataFrame:
        """One row is one group at one number of contacts: contacted and found by the pipeline, of how many there."""
        per_40_000 = {(p.key, count): n for p in self.places for n, count in p.contacts.items()}
        rows = [p.groups.assign(per_40_000=[per_40_000[p.key, n] for n in p.groups["contacts"]]) for p in self.places]
        by = ["per_40_000", "kind", "group"]
        summed = pd.concat(rows).groupby(by, as_index=False)[["contacted", "found", "there"]].sum()
        summed["needed"] = summed["contacted"] / summed["found"].where(summed["found"] > 0)
        summed["share_pct"] = 100 * summed["found"] / summed["there"].where(summed["there"] > 0)
        return summed

    @cached_property
    def slopes(self) -> pd.DataFrame:
        return slopes(pd.concat([place.calibration for place in self.places]))

    def tables(self) -> dict[str, pd.DataFrame]:
        """What is printed, rounded, by title."""
        curve = self.curve[self.curve["per_40_000"].isin(CONTACTS_PER_40_000)]
        return {
            "Found at equal numbers of contacts": curve.assign(way=curve["way"].map(WAYS)).round(1),
            "The pipeline by group": self.reached.round(1),
            "Calibration of the model on the truth": self.slopes.round(3),
        }

    def targets(self) -> list[Target]:
        """Each target with what was achieved."""
        made = []
        curve = self.curve[self.curve["way"] == "pipeline"].set_index("per_40_000")["of_best_pct"]
        for n in CONTACTS_PER_40_000:
            says = f"{n:,} contacts per 40,000 people: {curve[n]:.1f}% of the best, wanted {100 * OF_THE_BEST:.0f}%"
            made.append(Target(says, bool(curve[n] >= 100 * OF_THE_BEST)))
        for row in self.slopes[self.slopes["group"] != "all"].itertuples():
            says = f"calibration slope, {row.group}: {row.slope:.3f} ({row.lower:.3f} to {row.upper:.3f})"
            made.append(Target(f"{says}, wanted {SLOPES[0]} to {SLOPES[1]}", bool(SLOPES[0] <= row.slope <= SLOPES[1])))
        quintile = self.reached[self.reached["kind"] == "quintile"].copy()
        quintile["group"] = quintile["group"].astype(float).astype(int)
        shares = quintile.set_index(["per_40_000", "group"])["share_pct"]
        for n in CONTACTS_PER_40_000:
            most, least = shares.get((n, 1), np.nan), shares.get((n, 5), np.nan)
            found = f"{most:.1f}% found of the most deprived quintile, {least:.1f}% of the least"
            says = f"{n:,} contacts per 40,000 people: {found}"
            made.append(Target(says, bool(most >= least)))
        return made


def write(found: Pooled, folder: Path, /, *, note: str) -> None:
    """Write `evaluation.md`, the tables as CSV and the yield curves as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# Judged on the truth", "", note, "", "![Yield](yield.svg)", ""]
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
