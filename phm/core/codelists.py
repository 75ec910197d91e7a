"""Code lists: which clinical codes mean which concept.

`code_lists.csv` beside this file is a *minimal example set*: one to five codes a concept, enough to run and to read.
It is not fit for finding patients. A site replaces it by full reference sets: a folder of CSV files as OpenCodelists
exports them, one a concept, named `<concept>.csv` (`hypertension.csv`, `ace_inhibitor.csv` …), whose code column is
called `code`, `id`, `snomedcode`, `snomed_id` or `dmd_id`. Codes are SNOMED CT concepts in `gp_event` and dm+d
products in `gp_medication`.

Sources of the example codes: the NHS primary care domain reference sets and OpenSAFELY code lists published on
OpenCodelists (BP_COD, BPDEC_COD, HYP_COD, HYPRES_COD, HTMAX_COD, HYPPCADEC_COD, HYPPCAPU_COD, DM_COD, DMRES_COD,
CHD_COD, STRK_COD, PALCARE_COD, CKDRES_COD, the PRIMIS lists for CKD, pregnancy, learning disability and mental
illness, ACE inhibitors, ARBs, calcium channel blockers, NSAIDs, direct-acting anticoagulants, warfarin); otherwise
codes in public NHS analytics, such as Greater Manchester's sets for deficits of the frailty index (gm-sde). SNOMED CT
and dm+d are used under their own terms (see NOTICE).

What the choices mean:

- Home and ambulatory pressures are *averages only* (daytime for ambulatory). Night, minimum, maximum, 24 hour,
  standing and post-exercise codes are in no list, so such readings are left out and counted.
- `white_coat_hypertension` is not part of `hypertension` (nor of HYP_COD).
- `delivery` is a delivery or any other end of a pregnancy.
- `anticoagulation_elsewhere` is treatment that others prescribe or supply; `inr` is any INR result.
- `cancer` leaves out benign tumours and skin cancer other than melanoma; `anxiety_or_depression` is a diagnosis, not a
  symptom. Conditions of the frailty index have one or two codes each: an index made with them finds next to nobody.
- `bp_in_progress` and `bp_assessment` have few international codes: a site adds the codes its practices use for
  ABPM/HBPM requests, pharmacy referrals and reviews.
"""

import csv
import hashlib
from pathlib import Path

import pyarrow as pa

from phm.errors import DefinitionError

EXAMPLE_CODE_LISTS = Path(__file__).with_name("code_lists.csv")

MEDICINE_CONCEPTS = (
    "ace_inhibitor",
    "arb",
    "dihydropyridine_ccb",
    "thiazide_like",
    "statin",
    "combined_contraceptive",
    "drug_raising_bp",
    "oral_anticoagulant",
    "antiplatelet",
    "oral_steroid",
    "atypical_antipsychotic",
)
"""Concepts whose codes are dm+d products and are looked for in `gp_medication`."""

CONCEPTS = (
    "bp_systolic_clinic",
    "bp_diastolic_clinic",
    "bp_systolic_home_average",
    "bp_diastolic_home_average",
    "bp_systolic_ambulatory_average",
    "bp_diastolic_ambulatory_average",
    "hypertension",
    "hypertension_resolved",
    "white_coat_hypertension",
    "bp_declined",
    "bp_in_progress",
    "bp_assessment",
    "bp_therapy_maximal",
    "hypertension_care_declined",
    "hypertension_care_unsuitable",
    "palliative_care",
    "pregnancy",
    "delivery",
    "gestational_hypertension",
    "bmi",
    "smoking_never",
    "smoking_ex",
    "smoking_current",
    "hba1c",
    "egfr",
    "acr",
    "cholesterol_ratio",
    "cvd_risk_score",
    "activity_inactive",
    "activity_moderately_inactive",
    "activity_moderately_active",
    "activity_active",
    "smoking_support",
    "smoking_support_declined",
    "weight_management",
    "activity_support",
    "social_prescribing",
    "diabetes",
    "diabetes_resolved",
    "diabetes_symptom",
    "gestational_diabetes",
    "anaemia",
    "haemoglobinopathy",
    "ckd",
    "ckd_stage_1_2",
    "ckd_resolved",
    "acute_kidney_injury",
    "ischaemic_heart_disease",
    "stroke_tia",
    "heart_failure",
    "peripheral_arterial_disease",
    "atrial_fibrillation",
    "atrial_fibrillation_resolved",
    "anticoagulation_elsewhere",
    "anticoagulant_declined",
    "anticoagulant_contraindicated",
    "inr",
    "familial_hypercholesterolaemia",
    "organ_damage",
    "albuminuria",
    "migraine",
    "raynauds",
    "aortopathy",
    "learning_disability",
    "severe_mental_illness",
    "frailty_moderate_or_severe",
    "housebound",
    "care_home",
    "family_history_cvd",
    "rheumatoid_arthritis",
    "systemic_lupus",
    "erectile_dysfunction",
    "family_history_premature_chd",
    "type_1_diabetes",
    "type_2_diabetes",
    "smoking_light",
    "smoking_moderate",
    "smoking_heavy",
    "cigarettes_per_day",
    "alcohol_problem",
    "anxiety_or_depression",
    "asthma",
    "cancer",
    "copd",
    "dementia",
    "epilepsy",
    "hearing_loss",
    "irritable_bowel",
    "dizziness",
    "dyspnoea",
    "falls",
    "insomnia",
    "orthostatic_hypotension",
    "osteoarthritis",
    "osteoporosis",
    "parkinsonism",
    "peptic_ulcer",
    "pressure_ulcer",
    "thyroid_disease",
    "urinary_incontinence",
    "visual_impairment",
    "weight_loss",
    "lives_alone",
    "activity_limitation",
    "foot_problem",
    "fragility_fracture",
    "heart_valve_disease",
    "reduced_mobility",
    "urinary_system_disease",
    "health_check",
    *MEDICINE_CONCEPTS,
)
"""Every concept the features need; each must have at least one code, but for `WITHOUT_PUBLISHED_CODES`."""

WITHOUT_PUBLISHED_CODES = ("anticoagulant_declined", "anticoagulant_contraindicated")
"""Concepts for which we found no published code: until a site lists those its practices use, nobody has them."""

_CODE_COLUMNS = ("code", "id", "snomedcode", "snomed_id", "dmd_id")
_TERM_COLUMNS = ("term", "name", "dmd_name", "description")
_SCHEMA = pa.schema([(name, pa.string()) for name in ("concept", "code", "term", "coding_system")])


def load_code_lists(directory: Path | None = None) -> pa.Table:
    """Code lists: one row is one code of one concept (`concept`, `code`, `term`, `coding_system`), sorted.

    Parameters
    ----------
    directory
        Folder of `<concept>.csv` files that replace the example set as a whole. Without it, the example set.

    Raises
    ------
    DefinitionError
        A concept without codes, a file of an unknown concept, no code column, a code that is not a number, or a code
        given twice in one concept. A code may belong to several concepts.
    """
    rows = _example_rows() if directory is None else _directory_rows(Path(directory))
    _check(rows)
    return pa.Table.from_pylist([dict(zip(_SCHEMA.names, row, strict=True)) for row in sorted(rows)], schema=_SCHEMA)


def code_list_hashes(code_lists: pa.Table, /) -> dict[str, str]:
    """SHA-256 of each concept's codes (sorted, one a line), for manifests: the same codes give the same hash.

    >>> hashes = code_list_hashes(load_code_lists())
    >>> hashes["bp_declined"] == hashlib.sha256(b"413123006").hexdigest()
    True
    """
    codes: dict[str, list[str]] = {}
    for concept, code in zip(code_lists["concept"].to_pylist(), code_lists["code"].to_pylist(), strict=True):
        codes.setdefault(concept, []).append(code)
    return {
        concept: hashlib.sha256("\n".join(sorted(members)).encode()).hexdigest()
        for concept, members in sorted(codes.items())
    }


def _example_rows() -> list[tuple[str, str, str, str]]:
    with EXAMPLE_CODE_LISTS.open(encoding="utf-8", newline="") as file:
        return [(row["concept"], row["code"], row["term"], row["coding_system"]) for row in csv.DictReader(file)]


def _directory_rows(directory: Path) -> list[tuple[str, str, str, str]]:
    if not directory.is_dir():
        raise DefinitionError(
            "The folder of code lists does not exist", name=str(directory), hint="Set it to a folder of <concept>.csv."
        )
    rows = []
    for path in sorted(directory.glob("*.csv")):
        concept = path.stem
        if concept not in CONCEPTS:
            raise DefinitionError(
                "A code list is named after no known concept",
                name=path.name,
                hint=f"Use one of: {', '.join(CONCEPTS)}.",
            )
        rows += _file_rows(path, concept)
    return rows


def _file_rows(path: Path, concept: str) -> list[tuple[str, str, str, str]]:
    system = "dmd" if concept in MEDICINE_CONCEPTS else "snomed_ct"
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        header = reader.fieldnames or []
        code_column = next((name for name in _CODE_COLUMNS if name in header), None)
        if code_column is None:
            raise DefinitionError(
                "A code list has no code column", name=path.name, hint=f"Name it one of: {', '.join(_CODE_COLUMNS)}."
            )
        term_column = next((name for name in _TERM_COLUMNS if name in header), None)
        return [
            (concept, (row[code_column] or "").strip(), (row[term_column] or "") if term_column else "", system)
            for row in reader
        ]


def _check(rows: list[tuple[str, str, str, str]]) -> None:
    seen: set[tuple[str, str]] = set()
    for concept, code, _, _ in rows:
        if not (code.isascii() and code.isdigit() and 6 <= len(code) <= 18):
            raise DefinitionError(
                f"Code list {concept} holds {code!r}, which is no SNOMED CT or dm+d code",
                name=concept,
                hint="Codes are 6 to 18 digits; a spreadsheet program may have turned them into 1.2E+14.",
            )
        if (concept, code) in seen:
            raise DefinitionError(
                f"Code {code} is given twice in code list {concept}", name=concept, hint="Delete one of the two rows."
            )
        seen.add((concept, code))
    needed = [concept for concept in CONCEPTS if concept not in WITHOUT_PUBLISHED_CODES]
    missing = [concept for concept in needed if concept not in {row[0] for row in rows}]
    if missing:
        raise DefinitionError(
            "Concepts have no codes",
            name=", ".join(missing),
            hint="Add a <concept>.csv with at least one code for each.",
        )
