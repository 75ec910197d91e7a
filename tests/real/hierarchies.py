"""The hierarchy of practices as runs of every ICB make it, before and after the mergers of April 2026.

Belongs here: `core_geography` ICB by ICB from the published maps, and what it means that both hierarchies are whole.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import ibis

from phm.core.geography import check_practices, practices
from phm.core.memberships import map_as_at
from phm.feeds.published import read_published
from tests.real.markdown import table

MAP_2025, MAP_2026 = "registers/gp-reg-pat-prac-map_2025-10.csv", "registers/gp-reg-pat-prac-map_2026-08.zip"
REGISTER_2022 = "registers/gp-reg-pat-prac-lsoa-all_England_2022-07.parquet"
SIZES_2026 = "registers/gp-reg-pat-prac-sing-age-regions_2026-08.zip"


@dataclass(frozen=True)
class Hierarchy:
    """`core_geography` of every ICB of a map, made one ICB at a time as a run makes it.

    `of_icb` has the rows of each ICB's table by its code.
    """

    of_icb: Mapping[str, list[dict]]

    @property
    def icb_of(self) -> dict[str, str]:
        """ICB by practice; a practice in the tables of two ICBs would be told by fewer codes than rows."""
        return {row["practice_code"]: icb for icb, rows in self.of_icb.items() for row in rows}

    @property
    def rows(self) -> list[dict]:
        return [row for rows in self.of_icb.values() for row in rows]

    def people(self, patients: Mapping[str, int]) -> Counter[str]:
        """People of practices by the ICB they come to be in; `patients` are counted by practice."""
        found: Counter[str] = Counter()
        for practice, icb in self.icb_of.items():
            found[icb] += patients.get(practice, 0)
        return found


def hierarchy(con: ibis.BaseBackend, folder: Path, map_file: str, patients: Mapping[str, int], /) -> Hierarchy:
    """The hierarchy on the day of a map, each ICB with the registers of its own practices, as a run gets them."""
    membership = read_published(con, folder / map_file, "practice_membership")
    day = membership.extract_date.max().to_pyarrow().as_py()
    as_at_map = map_as_at(membership, as_at=day).cache()
    belongs = as_at_map.select("practice_code", "icb_code").to_pyarrow().to_pylist()
    made = {}
    for icb in sorted({row["icb_code"] for row in belongs}):
        members = [row["practice_code"] for row in belongs if row["icb_code"] == icb]
        delivered = [code for code in members if code in patients]
        check_practices(ibis.memtable({"practice_code": delivered}), as_at_map, None, icb_code=icb, as_at=day)
        made[icb] = practices(as_at_map, None, icb_code=icb).to_pyarrow().to_pylist()
    return Hierarchy(made)


def patients_2022(con: ibis.BaseBackend, folder: Path) -> dict[str, int]:
    """Everybody registered in July 2022, by practice: the same people for both hierarchies."""
    register = read_published(con, folder / REGISTER_2022, "practice_lsoa_count")
    counts = register.group_by("practice_code").agg(people=register.patient_count.sum())
    return {row["practice_code"]: int(row["people"]) for row in counts.to_pyarrow().to_pylist()}


def published_sizes(con: ibis.BaseBackend, folder: Path) -> dict[str, dict[str, int]]:
    """Patients of August 2026 as published for sub-ICB locations, ICBs and regions, by kind of area and code."""
    sizes = read_published(con, folder / SIZES_2026, "list_size_by_age")
    everybody = sizes.filter(sizes.sex == "ALL", sizes.age_band == "ALL")
    found: dict[str, dict[str, int]] = {}
    for row in everybody.select("organisation_type", "organisation_code", "patient_count").to_pyarrow().to_pylist():
        found.setdefault(row["organisation_type"], {})[row["organisation_code"]] = row["patient_count"]
    return found


def whole(then: Hierarchy, now: Hierarchy, patients: Mapping[str, int]) -> str:
    """The section of the page that says what is the same, what is not, and that a merger explains each change."""
    before, after = then.icb_of, now.icb_of
    abolished, created = then.of_icb.keys() - now.of_icb.keys(), now.of_icb.keys() - then.of_icb.keys()
    moved = [code for code in before.keys() & after.keys() if before[code] != after[code]]
    gone = before.keys() - after.keys()
    of_abolished = [code for code, icb in before.items() if icb in abolished]
    ways = Counter((before[code], after[code]) for code in moved)
    people = {way: sum(patients.get(c, 0) for c in moved if (before[c], after[c]) == way) for way in ways}
    return _SECTION.format(
        icbs_then=len(then.of_icb),
        icbs_now=len(now.of_icb),
        people_then=then.people(patients).total(),
        people_now=now.people(patients).total(),
        people_gone=sum(patients.get(code, 0) for code in gone),
        rows_then=len(then.rows),
        rows_now=len(now.rows),
        practices_then=len(before),
        practices_now=len(after),
        gone=len(gone),
        abolished=len(abolished),
        created=len(created),
        kept=len(then.of_icb.keys() & now.of_icb.keys()),
        of_abolished=len(of_abolished),
        of_abolished_moved=sum(before[code] in abolished for code in moved),
        of_abolished_to_new=sum(before[code] in abolished and after[code] in created for code in moved),
        of_abolished_gone=sum(code in gone for code in of_abolished),
        of_kept_moved=sum(before[code] not in abolished for code in moved),
        ways=table(
            ("from", "to", "practices", "people of July 2022"),
            [(*way, f"{count:,}", f"{people[way]:,}") for way, count in sorted(ways.items())],
        ).rstrip(),
    )


_SECTION = """
### Two hierarchies that are both whole

`core_geography` as a run makes it (`map_as_at`, `check_practices`, `practices` of `phm.core`), for each of the
{icbs_then} ICBs of October 2025 and the {icbs_now} of August 2026. To count people, both are asked about the same ones: those
registered in July 2022, of whom {people_then:,} are with practices of the first map. Whole means, on either day:

- every practice of the map is in the table of one ICB, once, with one PCN, place, sub-ICB location and region:
  {rows_then:,} rows for {practices_then:,} practices, {rows_now:,} for {practices_now:,};
- everybody is in one ICB: of the {people_then:,} the same {people_now:,} are in the second hierarchy, and the {people_gone:,}
  missing are those of the {gone} practices that are gone;
- nobody moved without a merger: {of_abolished:,} practices were in the {abolished} ICBs that are gone; of these {of_abolished_moved:,}
  are in another now, {of_abolished_to_new:,} of them in one of the {created} new ones, and {of_abolished_gone} are gone. Of the {kept} ICBs there were
  and are, {of_kept_moved} practices went to another.

`python -m pytest tests/real/test_mergers.py` runs the pipeline itself, feeds and all, for some practices of Frimley in
October 2025 and for the same people under the three boards that took them over.

{ways}
"""  # noqa: E501
