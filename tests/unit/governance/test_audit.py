"""The audit: one line per pull, only appended, nothing that identifies a patient."""

import dataclasses
import datetime as dt
import json
import os
import stat

import pytest

from phm.errors import ConfigurationError
from phm.governance.audit import Pull, record_pull

PULL = Pull(
    user="analyst",
    pulled_at=dt.datetime(2026, 11, 2, 9, 30, tzinfo=dt.UTC),
    practice_code="A12345",
    cohort_id="possible_undiagnosed_hypertension",
    definition_version="1.0.0",
    definition_hash="ab" * 32,
    reference_date=dt.date(2026, 10, 31),
    entry_count=612,
    reason="monthly blood pressure review",
)


def test_pulls_are_appended_as_lines(tmp_path):
    path = tmp_path / "audit" / "pulls.jsonl"
    record_pull(path, PULL)
    first = path.read_bytes()
    record_pull(path, dataclasses.replace(PULL, practice_code="B12345"))
    assert path.read_bytes().startswith(first)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["practice_code"] for line in lines] == ["A12345", "B12345"]
    assert lines[0] == json.loads(json.dumps(dataclasses.asdict(PULL), default=lambda v: v.isoformat()))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_the_audit_is_for_its_owner_only(tmp_path):
    path = tmp_path / "pulls.jsonl"
    record_pull(path, PULL)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("reason", ["", "   ", "for 9990000018", "about 999 000 0018 again"])
def test_a_reason_is_words_without_a_number_of_a_patient(tmp_path, reason):
    path = tmp_path / "pulls.jsonl"
    with pytest.raises(ConfigurationError) as error:
        record_pull(path, dataclasses.replace(PULL, reason=reason))
    assert not path.exists()
    assert "999" not in str(error.value)


def test_a_time_needs_a_zone(tmp_path):
    with pytest.raises(ConfigurationError, match="time zone"):
        record_pull(tmp_path / "x", dataclasses.replace(PULL, pulled_at=dt.datetime(2026, 11, 2)))
