"""The page `docs/deprivation.md`: published registers with published indices, and where a PCN's patients live.

python -m tests.real.areas FOLDER > docs/deprivation.md
"""

import argparse
import datetime as dt
from functools import cache
from pathlib import Path

import ibis

from phm.core.area_files import AreaFiles, Areas, read_areas, read_index
from phm.core.boundary import home_districts, pcn_boundary, pcn_facts, practice_facts
from phm.core.deprivation import DeprivationMatch, area_deprivation, match_people
from phm.core.vintages import mean_score
from phm.engine import connect
from phm.feeds.published import read_published
from tests.real.elsewhere import PCNS, PCNS_AS_AT, PRACTICES, Compared
from tests.real.markdown import table

IMD_2019 = {"index": "imd/IMD2019_File_1.xlsx", "scores": "imd/IMD2019_File_7_scores_and_denominators.parquet"}
IMD_2025 = {"index": "imd/IMD2025_lsoa21_all_domains.csv", "scores": "imd/IMD2025_lsoa21_all_domains.csv"}
LOOKUP = "lookups/LSOA11_to_LSOA21_to_LAD22_EW_{}.csv"
ENGLAND = {
    "as_at": dt.date(2022, 7, 1),
    "register": "registers/gp-reg-pat-prac-lsoa-all_England_2022-07.parquet",
    "membership": "registers/gp-reg-pat-prac-map_2022-01.csv",
    "core_partners": "ods/ePCN_2022-05.xlsx",
    "sub_icbs": "lookups/SICBL_ICB_NHSER_2024.csv",
}
QNC = {
    "register": "registers/gp-reg-pat-prac-lsoa_QNC_2025-10.csv",
    "membership": "registers/gp-reg-pat-prac-map_2025-10.csv",
}
ENGLAND_2023 = ENGLAND | {"core_partners": "ods/ePCN_2024-10.xlsx", "as_at": PCNS_AS_AT}
"""The same people, with the PCNs a later file has for the day of the scores of others."""
DISTRICTS_2019 = "imd/IMD2019_File_10_lad_summaries.csv"
HAMMERSMITH_AND_FULHAM = "E09000013"
DIGITAL_FIRST = "E85124"


class Published:
    """Published files below a folder, read on one engine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con = connect()
        self.areas = cache(self._areas)

    def _areas(self, *, as_at: dt.date | None = None, **files: str) -> Areas:
        """Register, map and index of the files named; each combination is read once."""
        paths = {name: self.folder / path for name, path in files.items()}
        return read_areas(self.con, AreaFiles(**paths), as_at=as_at)

    def district_differences(self) -> list[dict]:
        """One row is one local authority: the published average IMD 2019 score and that made from areas and people."""
        index = read_index(self.con, *(self.folder / path for path in IMD_2019.values()))
        made = index.group_by("lad_code").agg(made=mean_score(index.imd_score, index.population_count))
        published = read_published(self.con, self.folder / DISTRICTS_2019, "deprivation_district")
        return published.left_join(made, "lad_code").select("lad_code", "imd_score", "made").to_pyarrow().to_pylist()


def pcn_scores(areas: Areas, area: str = "pcn_code") -> list[dict]:
    """One row is one PCN, or other area, with its deprivation; those in none and those in no map are rows too."""
    return area_deprivation(areas.homes, areas.index.areas, areas.practices, area=area).to_pyarrow().to_pylist()


def against_others(published: Published) -> dict[str, Compared]:
    """Our scores of practices and PCNs against those others published, with PCNs as at their day and as at ours."""
    here = published.areas(**ENGLAND, **IMD_2019)
    there = published.areas(**ENGLAND_2023, **IMD_2019)
    asked = {"practice": (here, PRACTICES), "pcn": (there, PCNS), "pcn_of_july": (here, PCNS)}
    found = {}
    for name, (areas, theirs) in asked.items():
        rows = pcn_scores(areas, f"{name.removesuffix('_of_july')}_code")
        found[name] = Compared(theirs, {row["area_code"]: row["imd_score"] for row in rows if row["area_code"]})
    return found


def crude_scores(areas: Areas) -> list[float]:
    """How much lower the score of each PCN would be if people without one counted as 0, largest first."""
    rows = [row for row in pcn_scores(areas) if row["area_code"] not in (None, "U") and row["matched_count"]]
    lost = (row["imd_score"] * (1 - row["matched_count"] / row["patient_count"]) for row in rows)
    return sorted(lost, reverse=True)


def matched(areas: Areas) -> DeprivationMatch:
    return match_people(areas.homes, areas.index.areas)


def both_views(areas: Areas) -> list[dict]:
    """One row is one PCN with its boundary facts, those with fewest of their people inside first."""
    boundary = pcn_boundary(areas.homes, areas.practices).cache()
    facts = pcn_facts(areas.homes, areas.practices, boundary)
    return facts.filter(facts.pcn_code != "U").order_by("inside_pct", "pcn_code").to_pyarrow().to_pylist()


def spread(areas: Areas) -> list[dict]:
    """One row is one practice, those with most people outside their ICB's areas first."""
    facts = practice_facts(areas.homes, areas.practices, districts=areas.index.areas)
    return facts.order_by(facts.outside_icb_pct.desc(nulls_first=False), "practice_code").to_pyarrow().to_pylist()


def residents(areas: Areas, practice_code: str) -> list[dict]:
    """One row is one local authority with the people of a practice who live there, most first."""
    homes = areas.homes.filter(ibis._.practice_code == practice_code)
    return home_districts(homes, areas.index.areas).to_pyarrow().to_pylist()


def page(published: Published) -> str:
    """The page, every figure of it computed from the files."""
    differences = [abs(row["made"] - row["imd_score"]) for row in published.district_differences()]
    england = published.areas(**ENGLAND, **IMD_2019)
    carried = published.areas(**ENGLAND, **IMD_2025, lookup=LOOKUP.format("v1"))
    qnc = published.areas(**QNC, **IMD_2025)
    runs = (("England, July 2022", england), ("England, July 2022", carried), ("One ICB (QNC), October 2025", qnc))
    pcns, practices = both_views(england), spread(england)
    practice = next(row for row in practices if row["practice_code"] == DIGITAL_FIRST)
    pcn = next(row for row in pcns if row["pcn_code"] == practice["pcn_code"])
    districts = residents(england, DIGITAL_FIRST)
    borough = next(row for row in districts if row["lad_code"] == HAMMERSMITH_AND_FULHAM)
    others = against_others(published)
    own_icb = both_views(_of_icb(england, practice["icb_code"]))
    own = next(row for row in own_icb if row["pcn_code"] == pcn["pcn_code"])
    return _PAGE.format(
        equal=sum(difference <= 0.001 for difference in differences),
        districts=len(differences),
        largest=max(differences),
        matches=table(
            ("register", "index", "people", "matched", "no LSOA", "outside England", "unknown code", "areas matched"),
            [_match_row(title, areas) for title, areas in runs],
        ),
        scores=table(
            ("register", "index", "PCNs", "with a score", "least deprived", "most deprived", "Core20 of all"),
            [_score_row(title, areas) for title, areas in runs],
        ),
        qnc=table(
            ("PCN", "patients", "IMD score", "Core20"),
            [
                (row["area_code"], f"{row['patient_count']:,}", f"{row['imd_score']:.3f}", f"{row['core20_pct']:.1f}%")
                for row in pcn_scores(qnc)
            ],
        ),
        crude=(crude := crude_scores(england)),
        crude_median=crude[len(crude) // 2],
        others=table(
            ("published by", "of", "compared", "median difference", "mean", "largest", "correlation"),
            [
                (f"practice_pcn_imd, PCNs of {PCNS_AS_AT}", "PCNs, as at that day", *_compared(others["pcn"])),
                ("the same", "PCNs, as at 2022-07-01", *_compared(others["pcn_of_july"])),
                ("OHID Fingertips, indicator 93553 of 2019", "practices", *_compared(others["practice"])),
            ],
        ).rstrip(),
        files=ENGLAND,
        imd=IMD_2019,
        lookup=LOOKUP.format("v1"),
        code=DIGITAL_FIRST,
        patients=practice["patient_count"],
        in_borough=borough["patient_count"],
        borough_pct=100 * borough["patient_count"] / practice["patient_count"],
        **{f"practice_{name}": value for name, value in practice.items()},
        **{f"pcn_{name}": value for name, value in pcn.items()},
        place_of_pcn=1 + pcns.index(pcn),
        pcns=len(pcns),
        median=sorted(row["inside_pct"] for row in pcns)[len(pcns) // 2],
        own_inside_pct=own["inside_pct"],
        place_in_icb=1 + own_icb.index(own),
        icb_pcns=len(own_icb),
        out_of_area=sum(row["is_out_of_area"] for row in practices),
        practices=len(practices),
        farthest=table(
            ("practice", "patients", "outside its PCN", "outside its ICB", "LSOAs per 1,000", "local authorities"),
            [
                (
                    row["practice_code"], f"{row['patient_count']:,}", f"{row['outside_pcn_pct']:.1f}%",
                    f"{row['outside_icb_pct']:.1f}%", f"{row['lsoas_per_1000']:.0f}", str(row["district_count"]),
                )
                for row in [row for row in practices if row["patient_count"] >= 1000][:10]
            ],
        ),
    )  # fmt: skip


def _compared(found: Compared) -> tuple[str, ...]:
    largest = f"{found.largest:+.2f} ({found.largest_code})"
    return (str(found.count), f"{found.median:.3f}", f"{found.mean:+.3f}", largest, f"{found.correlation:.4f}")


def _of_icb(areas: Areas, icb_code: str) -> Areas:
    """What one ICB has at hand: the registers of its own practices."""
    practices = areas.practices.filter(areas.practices.icb_code == icb_code)
    return Areas(areas.homes.semi_join(practices, "practice_code"), practices, areas.index)


def _match_row(title: str, areas: Areas) -> tuple[str, ...]:
    match = matched(areas)
    counts = (match.people, match.matched, match.placeholder, match.outside_england, match.unknown)
    return (title, areas.index.name, *(f"{count:,}" for count in counts), match.mapping())


def _score_row(title: str, areas: Areas) -> tuple[str, ...]:
    rows = pcn_scores(areas)
    pcns = [row for row in rows if row["area_code"] not in (None, "U")]
    scores = [row["imd_score"] for row in pcns if row["imd_score"] is not None]
    core20 = 100 * sum(row["core20_count"] for row in rows) / sum(row["matched_count"] for row in rows)
    counts = (f"{len(pcns):,}", f"{len(scores):,}", f"{min(scores):.3f}", f"{max(scores):.3f}")
    return (title, areas.index.name, *counts, f"{core20:.2f}%")


_PAGE = """# Deprivation and boundaries, on published files

The files do not travel with the project. With them in FOLDER,

    python -m tests.real.areas FOLDER > docs/deprivation.md

makes this page, and `python -m pytest tests/real/test_deprivation.py` holds its figures. `phm deprivation score` and
`phm deprivation boundary` print the same of other files.

## Scores agree with those published

IMD 2019 scores of LSOAs (File 7), averaged over local authorities with the populations of the same file, equal the
published averages (File 10) for {equal} of {districts} within 0.001; the largest difference is {largest:.4f}.

## Nobody is lost between vintages

IMD 2019 is on LSOA 2011, IMD 2025 on LSOA 2021. Both sides are told apart by their codes. Where they differ, the index
is carried to the register's LSOAs by the ONS lookup: an LSOA split out of another takes its score; one that several
became, or that became several, takes their mean, weighted by the people the index counts in them, equally where it
counts none; its decile is that of the mean rank. Without the lookup it is refused, naming both vintages.

{matches}
Those unmatched have no LSOA (`NO2011`, `EMPTY`, `CLOSED` or a placeholder) or live in Wales, Scotland or elsewhere.

{scores}
Scores of PCNs are means over the people on their practices' registers. PCNs are those of 1 July 2022 by ePCN of May and
the map of January 2022, and those of the map of October 2025. The first line is

    phm deprivation score --register {files[register]} \\
      --map {files[membership]} --pcn {files[core_partners]} \\
      --sub-icbs {files[sub_icbs]} --as-at {files[as_at]} \\
      --imd {imd[index]} --scores {imd[scores]}

(7.1 s of processor time and 0.47 GB by `/usr/bin/time -v`). The second has the index of 2025 under `--imd` and
`--scores`, and `--lookup {lookup}` (6.3 s and 0.47 GB). In QNC:

{qnc}
## What exactly is averaged

- **Weights** are the people on the register who live in an LSOA, of all ages and both sexes; the populations the index
  counts are used to carry an index between vintages and to check local authorities, for nothing else. The same people
  weight every domain: MHCLG weights its averages of the employment domain by people of working age, so those differ.
- **Unmatched** people (no LSOA, outside England, an LSOA the index lacks) are left out of the score, of Core20 and of
  the mix, above and below the line, and shown beside. Counting them as 0 would lower scores of PCNs by up to
  {crude[0]:.2f}; the median is {crude_median:.3f}.
- **Deciles and quintiles** are national, of LSOAs by rank (decile = rank times 10 over the number of LSOAs, rounded up;
  two deciles make a quintile), never of practices or PCNs among each other, as Fingertips shows them.
- **Rounding**: scores are added up as published, to three decimals, in whole thousandths; results are not rounded.
- **Thresholds**: over 0.5% of people without a score, or with practices the map does not know, is a warning; over 5%
  stops. `--domains` shows the seven domains where the index has them; tables of a run have the overall score only.

Others have averaged IMD 2019 over registered people, of registers of other months. Ours of July 2022 compare so, on the
scores that `tests/real/elsewhere.py` quotes with their sources. The first two lines differ in the day PCNs are as at
and in nothing else: ePCN of October 2024, asked about the day of their file, or that of May 2022.

{others}

## Two views of a PCN

Registered view: the patients of its practices. Boundary view: the LSOAs in which it has the largest share of those
registered. {code}, a digital-first practice in Hammersmith and Fulham, had about 71,000 patients in 2019, of whom some
17,000 lived in the borough (council minutes of that year). In July 2022 (`phm deprivation boundary` with the files
above, `--imd` alone, and `--by practice --area {code}` or `--area {pcn_pcn_code}`):

- it has {patients:,} patients; {in_borough:,} of them ({borough_pct:.1f}%) live in Hammersmith and Fulham;
- its patients live in {practice_district_count} local authorities, {practice_outside_icb_pct:.1f}% of them outside the
  areas of its ICB;
- its PCN ({pcn_pcn_code}) has {pcn_patient_count:,} patients, of whom {pcn_inside_pct:.1f}% live inside the PCN's
  boundary of {pcn_lsoa_count} LSOAs; {pcn_registered_elsewhere_pct:.1f}% of the residents are registered elsewhere;
- by the share of patients inside, the PCN is number {place_of_pcn} of {pcns:,} from the bottom; the median is
  {median:.1f}%;
- with only its own ICB's registers at hand, as in a run, the share is {own_inside_pct:.1f}%, number {place_in_icb} of
  {icb_pcns} from the bottom.

More than half of the patients live outside the ICB's areas in {out_of_area} of {practices:,} practices. Of those with
1,000 patients or more, these have the largest shares:

{farthest}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of published files")
    print(page(Published(parser.parse_args().folder)), end="")


if __name__ == "__main__":
    main()
