"""A made-up capacity file: appointments a week that practices and PCNs set aside for people on lists."""

from __future__ import annotations

from phm.feeds.contracts import load_contract
from phm.synthetic.geography import Place, Published

PEOPLE_PER_APPOINTMENT = {"nurse": 400, "clinician": 800}
"""Registered people for each weekly appointment of a practice: made up, so that not everybody fits."""
PEOPLE_PER_SHARED = {"nurse": 2_000, "social_prescriber": 1_000}
"""The same for the appointments a PCN shares."""


def capacity(place: Place, /) -> Published:
    """A row for each practice and role, and one for each PCN and role."""
    practice, pcn = (place.membership.header.index(name) for name in ("PRACTICE_CODE", "PCN_CODE"))
    pcn_of = {row[practice]: row[pcn] for row in place.membership.rows}
    rows, people = [], {}
    for one in place.practices:
        count = int(one.patient_count.sum())
        code = pcn_of[one.practice_code]
        people[code] = people.get(code, 0) + count
        rows += _offers([one.practice_code, ""], count, PEOPLE_PER_APPOINTMENT)
    for code, count in people.items():
        rows += _offers(["", code], count, PEOPLE_PER_SHARED)
    return Published(list(load_contract("capacity").column_names), rows)


def _offers(area: list[str], count: int, people_per: dict[str, int]) -> list[list[str]]:
    return [[*area, role, str(max(1, round(count / each)))] for role, each in people_per.items()]
