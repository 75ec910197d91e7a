"""Who is on how many lists."""

import ibis

from phm.cohorts.overlap import Combination, combinations


def test_people_are_counted_by_the_lists_they_are_on():
    rows = [
        ("a", "one", "list"),
        ("a", "two", "list"),
        ("b", "one", "list"),
        ("b", "two", "separate"),
        ("c", "one", "list"),
        ("c", "other", "list"),
        ("d", "other", "list"),
    ]
    member = ibis.memtable(rows, columns=["person_id", "cohort_id", "output"])
    assert combinations(member, cohort_ids=["one", "two", "three"]) == (
        Combination(("one",), 2),
        Combination(("one", "two"), 1),
    )
    assert combinations(member.filter(member.person_id == "d"), cohort_ids=["one"]) == ()
