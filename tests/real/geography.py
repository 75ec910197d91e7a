"""The page `docs/geography.md`: the hierarchy of practices as at a date, on published files.

python -m tests.real.geography FOLDER > docs/geography.md
"""

import argparse
import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

import ibis

from phm.commands.geography import Section, sections
from phm.core.as_at import AsAt, of_files
from phm.core.memberships import UNALLOCATED_PCN
from phm.core.oddities import orphans
from phm.store import Store
from tests.real.hierarchies import (
    MAP_2025,
    MAP_2026,
    REGISTER_2022,
    SIZES_2026,
    Hierarchy,
    hierarchy,
    patients_2022,
    whole,
)
from tests.real.markdown import table

MAP_2022 = "registers/gp-reg-pat-prac-map_2022-01.csv"
EPCN_2022 = "ods/ePCN_2022-05.xlsx"
PLACES_2024 = "ods/bsol_gp_pcn_locality_lookup_2024-03.csv"
SUB_ICBS = "lookups/SICBL_ICB_NHSER_2024.csv"
FILES = (MAP_2022, MAP_2025, MAP_2026, EPCN_2022, REGISTER_2022, SIZES_2026, SUB_ICBS, PLACES_2024)

REASONS = {
    "no_pcn": "published as belonging to no PCN, and never a core partner of one",
    "no_current_membership": "its membership had ended",
    "not_in_map": "opened since the map, and not a core partner",
}

_HEAD = """# Geography: which practice belongs where, as at a date

Practice → PCN → place → ICB → region is always asked as at a date: a run asks about its reference date, and
`phm geography check` about a published month or any day. With published files in FOLDER,

    python -m tests.real.geography FOLDER > docs/geography.md

makes this page, and `python -m pytest tests/real/test_geography.py` compares it. Deprivation, and where the patients of
a PCN live, are in [deprivation](deprivation.md).

## What is decided, and by which file

| question | answer |
|---|---|
| Which PCN? | The core partner membership of ePCN in force on the day (`pcn_core_partner`, optional): first and last day count, an end that lies ahead is none. Of several the one that began last, then the one that ends last, then the lower PCN code. A practice whose memberships have all ended or not begun is in none, whatever an older map says. Practices ePCN does not know, and all where it was not delivered, have the PCN of the practice map. An ePCN file older than the map is not used, and the run says so. |
| None at all? | PCN `U`, as NHS England publishes it; `pcn_basis` says why. |
| Which ICB and region? | Those the map gives the practice itself. PCNs are no level of a tree: some span sub-ICB locations, one spans two ICBs, and their practices keep their own (`is_pcn_spanning`). |
| Which place? | That of its main site in the local map (`place_membership`, optional); without one, or for a practice missing from it, the sub-ICB location (`place_basis`). |
| Closed? | The directory (`practice_directory`, optional) names practices of a register that had closed: a warning. Who took over is in `practice_successor` (optional, ODS `succ`): it is named beside, and by `phm geography check --successors FILE`. Nothing is inferred, and nobody is moved. |

"""  # noqa: E501


def july_2022(con: ibis.BaseBackend, folder: Path) -> AsAt:
    """England on 1 July 2022: dated memberships of May, and the map of January for practices they do not know."""
    return of_files(
        con,
        folder / MAP_2022,
        day=dt.date(2022, 7, 1),
        pcn_file=folder / EPCN_2022,
        list_size_file=folder / REGISTER_2022,
        sub_icb_file=folder / SUB_ICBS,
        store=Store(folder),
    )


def august_2026(con: ibis.BaseBackend, folder: Path) -> AsAt:
    """England on 1 August 2026, against 1 October 2025."""
    against = str(folder / MAP_2025)
    return of_files(con, folder / MAP_2026, list_size_file=folder / SIZES_2026, against=against, store=Store(folder))


def page(july: AsAt, august: AsAt, then: Hierarchy, now: Hierarchy, patients: Mapping[str, int]) -> str:
    """The page about these two days."""
    return _HEAD + _july(july) + _august(august) + whole(then, now, patients)


def _july(asked: AsAt) -> str:
    assert asked.list_sizes is not None and asked.pcn_patients is not None
    everybody, practices, in_pcn = (
        int(column.to_pyarrow().as_py())
        for column in (
            asked.list_sizes.patient_count.sum(),
            asked.list_sizes.count(),
            asked.pcn_patients.patient_count.sum(),
        )
    )
    left = orphans(asked.practices, asked.list_sizes)
    reasons = left.group_by("reason").agg(practices=left.count(), patients=left.patient_count.sum())
    rows = [
        (REASONS[row["reason"]], f"{row['practices']:,}", f"{row['patients']:,}")
        for row in reasons.order_by("reason").to_pyarrow().to_pylist()
    ]
    sizes = _titled(sections(asked), "PCNs have")
    return f"""## England, July 2022: every patient once

    phm geography check --map {MAP_2022} --as-at 2022-07-01 \\
      --pcn {EPCN_2022} --sub-icbs {SUB_ICBS} \\
      --list-sizes {REGISTER_2022}

took 4.0 s of processor time and 0.49 GB (`/usr/bin/time -v`; 13 s by the clock on two cores with five times the work
they can do). Of {everybody:,} people registered with {practices:,} practices {in_pcn:,} are in a PCN, and
{everybody - in_pcn:,} are not, each with a reason:

{table(("why", "practices", "patients"), rows)}
{table(sizes.headings, sizes.rows)}
"""


def _august(asked: AsAt) -> str:
    assert asked.before is not None
    then = next(sections(AsAt(dt.date(2025, 10, 1), asked.before))).title
    found = list(sections(asked))
    moved, spanning, sizes = (_titled(found, words) for words in ("changed ICB", "that span", "PCNs have"))
    unexplained = _titled(found, "no merger explains")
    others = [_titled(found, f"practices {words}").title for words in _OTHER_CHANGES]
    boards: dict[str, set[str]] = {}
    for pcn_code, _, icb_code, *_ in spanning.rows:
        boards.setdefault(pcn_code, set()).add(icb_code)
    apart = [pcn_code for pcn_code, icb_codes in boards.items() if len(icb_codes) > 1]
    return f"""## October 2025 and August 2026: before and after the mergers of April 2026

    phm geography check --map {MAP_2026} \\
      --against {MAP_2025} \\
      --list-sizes {SIZES_2026}

- {then}. {found[0].title}.
- {found[1].title}: a practice has one row, a sub-ICB location one ICB, an ICB one region. In 2025 the same.
- {moved.title}: all that are now in one of the six new ICBs, whose codes have five characters, and 14 of Frimley (QNQ),
  which was shared out, in Hampshire and Isle of Wight (QRL). {unexplained.title}.
- {"; ".join(others)}.
- {len(boards)} PCNs have practices in more than one sub-ICB location; of {", ".join(apart)} they are in two ICBs.

30,000 to 50,000 patients was the intention for a PCN. {sizes.title}; another {_in_no_pcn(asked):,} are in none.

{table(sizes.headings, sizes.rows).rstrip()}
"""


_OTHER_CHANGES = ("are new", "are gone", "changed PCN", "changed sub-ICB", "changed region")


def _in_no_pcn(asked: AsAt) -> int:
    """Patients the published list sizes put under the code of no PCN."""
    assert asked.pcn_patients is not None
    unallocated = asked.pcn_patients.filter(asked.pcn_patients.pcn_code == UNALLOCATED_PCN)
    return int(unallocated.patient_count.sum().to_pyarrow().as_py())


def _titled(found: Iterable[Section], words: str) -> Section:
    return next(section for section in found if words in section.title)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of published files")
    folder, con = parser.parse_args().folder, ibis.duckdb.connect()
    patients = patients_2022(con, folder)
    then, now = (hierarchy(con, folder, name, patients) for name in (MAP_2025, MAP_2026))
    print(page(july_2022(con, folder), august_2026(con, folder), then, now, patients), end="")


if __name__ == "__main__":
    main()
