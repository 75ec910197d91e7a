"""Code lists: real codes with check digits, every concept, and messages for what a site can get wrong."""

import pytest

from phm.core.codelists import (
    CONCEPTS,
    MEDICINE_CONCEPTS,
    WITHOUT_PUBLISHED_CODES,
    code_list_hashes,
    load_code_lists,
)
from phm.errors import DefinitionError

DIHEDRAL = [
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
]  # fmt: skip
PERMUTATION = [
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"
]  # fmt: skip


def has_verhoeff_check_digit(code: str) -> bool:
    check = 0
    for place, digit in enumerate(reversed(code)):
        check = int(DIHEDRAL[check][int(PERMUTATION[place % 8][int(digit)])])
    return check == 0


def test_verhoeff_knows_right_from_wrong():
    assert has_verhoeff_check_digit("38341003")
    assert not has_verhoeff_check_digit("38341004")
    assert not has_verhoeff_check_digit("38340103")


def test_every_example_code_has_a_valid_check_digit():
    wrong = [row["code"] for row in load_code_lists().to_pylist() if not has_verhoeff_check_digit(row["code"])]
    assert wrong == []


def test_every_concept_has_codes_of_its_system_with_terms():
    rows = load_code_lists().to_pylist()
    assert {row["concept"] for row in rows} == set(CONCEPTS) - set(WITHOUT_PUBLISHED_CODES)
    assert {row["concept"] for row in rows if row["coding_system"] == "dmd"} == set(MEDICINE_CONCEPTS)
    assert all(row["term"] for row in rows)


def test_pressures_are_allow_listed():
    codes = {(row["concept"], row["code"]) for row in load_code_lists().to_pylist()}
    assert {code for concept, code in codes if "home_average" in concept} == {"413606001", "413605002"}
    assert {code for concept, code in codes if "ambulatory" in concept} == {"314446007", "314461008"}
    standing_night_maximum_post_exercise = {"400974009", "314445006", "314439003", "707303003", "314449000"}
    assert not {code for _, code in codes} & standing_night_maximum_post_exercise


def test_white_coat_is_not_hypertension():
    rows = load_code_lists().to_pylist()
    assert {row["concept"] for row in rows if row["code"] == "697930002"} == {"white_coat_hypertension"}


def test_hash_follows_codes_only(tmp_path):
    before = code_list_hashes(load_code_lists())
    assert set(before) == set(CONCEPTS) - set(WITHOUT_PUBLISHED_CODES)
    write_all(tmp_path)
    assert code_list_hashes(load_code_lists(tmp_path)) == before
    (tmp_path / "bmi.csv").write_text("code,term\n60621009,Body mass index\n")
    after = code_list_hashes(load_code_lists(tmp_path))
    assert [concept for concept in before if before[concept] != after[concept]] == ["bmi"]


def write_all(directory, *, column="code"):
    for concept in CONCEPTS:
        codes = [row["code"] for row in load_code_lists().to_pylist() if row["concept"] == concept]
        (directory / f"{concept}.csv").write_text("\n".join([column, *codes]) + "\n")


@pytest.mark.parametrize("column", ["code", "id", "snomedcode", "dmd_id"])
def test_a_folder_replaces_the_examples_whatever_its_code_column_is_called(tmp_path, column):
    write_all(tmp_path, column=column)
    assert load_code_lists(tmp_path).num_rows == load_code_lists().num_rows


def test_a_site_gives_codes_to_a_concept_without_published_ones(tmp_path):
    write_all(tmp_path)
    (tmp_path / "anticoagulant_declined.csv").write_text("code\n413123006\n")
    assert "anticoagulant_declined" in code_list_hashes(load_code_lists(tmp_path))


def test_a_byte_order_mark_and_other_columns_do_no_harm(tmp_path):
    write_all(tmp_path)
    (tmp_path / "ckd.csv").write_text("\ufeffid,name,active\r\n433144002,Chronic kidney disease stage 3,y\r\n")
    rows = [row for row in load_code_lists(tmp_path).to_pylist() if row["concept"] == "ckd"]
    assert [(row["code"], row["term"]) for row in rows] == [("433144002", "Chronic kidney disease stage 3")]


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("bmi.csv", "code\n60621009\n60621009\n", "Code 60621009 is given twice in code list bmi"),
        ("bmi.csv", "code\n6.06E+07\n", "6.06E\\+07.*spreadsheet"),
        ("bmi.csv", "code\n\n", "Concepts have no codes \\(bmi\\)"),
        ("bmi.csv", "CTV3ID\n22K..\n", "no code column \\(bmi.csv\\)"),
        ("blood_sugar.csv", "code\n60621009\n", "no known concept \\(blood_sugar.csv\\)"),
    ],
)
def test_wrong_lists_are_explained(tmp_path, file, text, message):
    write_all(tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(DefinitionError, match=message):
        load_code_lists(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DefinitionError, match="nowhere"):
        load_code_lists(tmp_path / "nowhere")
