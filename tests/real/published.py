"""The published files that are read as their publishers made them, and what is in them.

The folder that holds them is not part of the project; `tests.conftest` says where it is looked for.
"""

import datetime as dt
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from phm.feeds.contracts import load_contract
from phm.feeds.landing import Landing, check_rejected, land
from phm.governance.pseudonyms import Pseudonymiser

REFERENCE_DATE = dt.date(2026, 8, 31)


@dataclass(frozen=True, eq=False)
class Published:
    """One published file, or files of one kind, and what is known of it.

    `files` is a glob below the folder of published files. `rows` are those its publisher or collector states, of which
    `quarantined` break a rule. `facts` are SQL expressions over the accepted rows with their values.
    """

    title: str
    files: str
    contract: str
    rows: int
    quarantined: Mapping[str, int] = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """What became of a published file: its landing, and the facts found in its accepted rows."""

    landing: Landing
    facts: Mapping[str, object]


def read(entry: Published, folder: Path) -> Read:
    """Land `entry` from `folder`; CheckFailed where more rows are rejected than its contract allows."""
    contract = load_contract(entry.contract)
    with duckdb.connect() as con, tempfile.TemporaryDirectory() as scratch:
        landing = land(
            con,
            contract,
            folder.glob(entry.files),
            reference_date=REFERENCE_DATE,
            out=Path(scratch),
            pseudonymiser=Pseudonymiser.throwaway(),
        )
        check_rejected(landing, contract)
        accepted = con.read_parquet([str(path) for path in landing.accepted_files])
        values = accepted.aggregate(", ".join(entry.facts)).fetchone() if entry.facts else ()
    return Read(landing, dict(zip(entry.facts, values, strict=True)))


_PRACTICES = "count(DISTINCT practice_code)"
_PATIENTS = "sum(patient_count)"
_ACTIVE = "count(*) FILTER (status IN ('A', 'ACTIVE') AND list_contains(split(prescribing_setting, '|'), {}))"

PUBLISHED = (
    Published(
        "Indices of deprivation 2019, File 1, workbook",
        "imd/IMD2019_File_1.xlsx",
        "deprivation",
        32_844,
        facts={"max(imd_rank)": 32_844, "max(imd_decile)": 10, "count(imd_score)": 0},
    ),
    Published(
        "Indices of deprivation 2019, File 1, gzipped text with thousands separators",
        "imd/IMD2019_File_1_export.csv.gz",
        "deprivation",
        32_844,
        facts={"max(imd_rank)": 32_844, "min(imd_rank)": 1, "count(imd_score)": 0},
    ),
    Published(
        "Indices of deprivation 2019, File 7, Parquet with the area as index",
        "imd/IMD2019_File_7_scores_and_denominators.parquet",
        "deprivation_score",
        32_844,
        facts={"max(imd_score)": 92.735, "count(population_count)": 32_844},
    ),
    Published(
        "Indices of deprivation 2019, File 10, districts",
        "imd/IMD2019_File_10_lad_summaries.csv",
        "deprivation_district",
        317,
    ),
    Published(
        "Indices of deprivation 2025, File 1, workbook",
        "imd/IMD2025_File_1.xlsx",
        "deprivation",
        33_755,
        facts={"max(imd_rank)": 33_755, "max(imd_decile)": 10, "count(imd_score)": 0},
    ),
    Published(
        "Indices of deprivation 2025, all domains: ranks and deciles",
        "imd/IMD2025_lsoa21_all_domains.csv",
        "deprivation",
        33_755,
        facts={"max(imd_rank)": 33_755, "count(imd_score)": 33_755},
    ),
    Published(
        "Indices of deprivation 2025, all domains: scores",
        "imd/IMD2025_lsoa21_all_domains.csv",
        "deprivation_score",
        33_755,
        facts={"count(population_count)": 0},
    ),
    *(
        Published(
            f"ePCN {month}, networks",
            f"ods/ePCN_{month}.xlsx",
            "pcn",
            rows,
            facts={"count(close_date)": closed, "min(open_date)": first},
        )
        for month, rows, closed, first in (
            ("2019-12", 1_250, 0, dt.date(2019, 10, 1)),
            ("2022-05", 1_318, 58, dt.date(2019, 10, 1)),
            ("2024-10", 1_366, 81, dt.date(2019, 10, 1)),
        )
    ),
    *(
        Published(
            f"ePCN {month}, core partners",
            f"ods/ePCN_{month}.xlsx",
            "pcn_core_partner",
            rows,
            facts={"count(end_date)": ended, "max(end_date)": last},
        )
        for month, rows, ended, last in (
            ("2019-12", 6_757, 0, None),
            ("2022-05", 7_359, 885, dt.date(2022, 6, 29)),
            ("2024-10", 7_705, 1_481, dt.date(2024, 10, 1)),
        )
    ),
    Published(
        "epraccur 2020-01, no header",
        "ods/epraccur_2020-01.csv",
        "practice_directory",
        14_357,
        facts={_ACTIVE.format("'4'"): 6_830},
    ),
    Published(
        "epraccur 2022-12, no header",
        "ods/epraccur_2022-12.csv",
        "practice_directory",
        15_536,
        facts={_ACTIVE.format("'4'"): 6_859},
    ),
    Published(
        "epraccur 2026-02 as the search and export service gives it, no header",
        "ods/epraccur_2026-02_DSEapi.csv",
        "practice_directory",
        15_389,
        facts={_ACTIVE.format("'RO76'"): 6_604},
    ),
    *(
        Published(
            f"Practice map {month}",
            f"registers/gp-reg-pat-prac-map_{month}.{suffix}",
            "practice_membership",
            rows,
            facts={"min(extract_date)": day, "max(extract_date)": day, _PRACTICES: rows},
        )
        for month, suffix, rows, day in (
            ("2022-01", "csv", 6_527, dt.date(2022, 1, 1)),
            ("2025-10", "csv", 6_202, dt.date(2025, 10, 1)),
            ("2026-08", "zip", 6_129, dt.date(2026, 8, 1)),
        )
    ),
    Published(
        "Patients by practice and LSOA 2022-07, England",
        "registers/gp-reg-pat-prac-lsoa-all_England_2022-07.parquet",
        "practice_lsoa_count",
        865_965,
        facts={_PATIENTS: 61_768_942, _PRACTICES: 6_484, f"{_PATIENTS} FILTER (lsoa_code = 'NO2011')": 27_415},
    ),
    *(
        Published(
            f"Patients by practice and LSOA 2025-10, one ICB{how}",
            f"registers/gp-reg-pat-prac-lsoa_QNC_2025-10{suffix}.csv",
            "practice_lsoa_count",
            16_864,
            facts={_PATIENTS: 1_210_283, _PRACTICES: 141, f"{_PATIENTS} FILTER (lsoa_code = 'EMPTY')": 1_048},
        )
        for how, suffix in (("", ""), (", a pivot table pasted beside it", "_messy"))
    ),
    Published(
        "Patients by practice 2022-05",
        "registers/gp-reg-pat-prac-all_2022-05.csv",
        "practice_list_size",
        6_506,
        facts={_PATIENTS: 61_654_788, "max(extract_date)": dt.date(2022, 5, 1)},
    ),
    Published(
        "Patients by single year of age 2026-08",
        "registers/gp-reg-pat-prac-sing-age-regions_2026-08.zip",
        "list_size_by_age",
        282_253,
        facts={
            f"{_PATIENTS} FILTER (organisation_type = 'ICB' AND sex = 'ALL')": 63_237_908,
            f"{_PATIENTS} FILTER (organisation_type = 'PCN' AND sex <> 'ALL' AND age_band <> 'ALL')": 63_237_908,
            "count(DISTINCT age_band)": 97,
        },
    ),
    Published(
        "LSOA 2011 to 2021, version 1",
        "lookups/LSOA11_to_LSOA21_to_LAD22_EW_v1.csv",
        "lsoa_lookup",
        35_795,
        facts={"list(DISTINCT change ORDER BY change)": ["M", "S", "U", "X"], "count(DISTINCT lsoa21_code)": 35_672},
    ),
    Published(
        "LSOA 2011 to 2021, version 2",
        "lookups/LSOA11_to_LSOA21_to_LAD22_EW_v2.csv",
        "lsoa_lookup",
        34_753,
        facts={"count(change)": 0, "count(DISTINCT lsoa21_code)": 35_672 - 1_044},
    ),
    Published(
        "LSOA 2021 to ICB 2024",
        "lookups/lookup_lsoa21_icb24__from_rda.csv",
        "lsoa_icb_lookup",
        33_755,
        facts={"count(DISTINCT icb_code)": 42, "count(DISTINCT sub_icb_code)": 106},
    ),
    Published(
        "Sub-ICB location to ICB and region 2024",
        "lookups/SICBL_ICB_NHSER_2024.csv",
        "sub_icb_lookup",
        106,
        facts={"count(DISTINCT icb_code)": 42, "count(DISTINCT region_code)": 7},
    ),
    Published(
        "QOF prevalence 2021-22",
        "qof/PREVALENCE_2021-22.csv",
        "qof_prevalence",
        135_870,
        facts={"round(100 * sum(register_count) FILTER (register_code = 'HYP') / 61604213, 2)": 13.97},
    ),
    Published(
        "Practices and places of Birmingham and Solihull 2024-03",
        "ods/bsol_gp_pcn_locality_lookup_2024-03.csv",
        "place_membership",
        240,
    ),
    *(
        Published(f"Code list whose codes are called {header}", f"codelists/{file}.csv", "code_list", rows)
        for header, file, rows in (
            ("code", "hypertension-sro/nhsd-primary-care-domain-refsets-hyp_cod", 106),
            ("id", "post-covid-kidney-outcomes/opensafely-stroke-snomed", 953),
            ("snomedcode", "hypertension-sro/opensafely-ethnicity-snomed-0removed", 599),
            ("dmd_id", "post-covid-vaccinated/user-elsie_horne-hypertension_drugs_dmd", 6_594),
            ("CTV3ID", "post-covid-kidney-outcomes/opensafely-heart-failure", 94),
            ("CTV3Code", "post-covid-kidney-outcomes/opensafely-atrial-fibrillation-or-flutter", 43),
            ("icd", "post-covid-kidney-outcomes/opensafely-stroke-secondary-care", 36),
        )
    ),
    Published("Code lists of ten studies, 86 files", "codelists/*/*.csv", "code_list", 36_574),
)
