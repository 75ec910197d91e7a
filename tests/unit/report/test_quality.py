"""Counts about the data: which are about people's records, and which about published maps."""

import pandas as pd

from phm.report.quality import quality_counts

CODES = ["A", "B", "C", *(f"P{number}" for number in range(20))]


def _landed(delivered, quarantined, files=CODES, failed=(), **rejections):
    return {
        "delivered": delivered,
        "accepted": delivered - quarantined,
        "quarantined": quarantined,
        "rejections": rejections,
        "warnings": {},
        "files": [{"name": f"x/{code}.csv"} for code in files],
        "failed_files": [{"name": f"x/{code}.csv", "reason": "A delivered file is empty"} for code in failed],
    }


def test_rows_of_maps_are_not_rows_about_people():
    records = {
        "feed_gp_event": _landed(100, 9, ["A", *CODES[3:]], ["C"], event_not_in_future=9, unit_known=0),
        "feed_gp_medication": _landed(50, 0),
        "feed_gp_register": _landed(20, 0),
        "feed_place_membership": _landed(4, 0),
        "core_person": {"deprivation": {"people": 50, "matched": 48, "no_area": 2}},
    }
    issues = pd.DataFrame(
        [("A", "gp_event", "implausible_value", 3), ("B", "gp_event", "implausible_value", 8)],
        columns=["practice_code", "feed", "reason", "event_count"],
    )
    geography = pd.DataFrame(
        {"practice_code": ["A", "B"], "pcn_code": ["P1", "U"], "place_basis": ["place_membership", "sub_icb_location"]}
    )
    counts = quality_counts(records, issues, geography).set_index(["section", "item"])
    assert counts.loc[("feed_gp_event", "event_not_in_future")].tolist() == ["rows", 9]
    assert ("feed_gp_event", "unit_known") not in counts.index
    assert counts.loc[("feed_place_membership", "delivered")].tolist() == ["reference rows", 4]
    assert counts.loc[("Deprivation of the home area", "no area")].tolist() == ["people", 2]
    assert counts.loc[("Events not used", "implausible value (gp_event)")].tolist() == ["rows", 11]
    assert counts.loc[("Practices", "without a PCN")].tolist() == ["practices", 1]
    assert counts.loc[("Practices", "with their sub-ICB location as place")].tolist() == ["practices", 1]
    left_out = counts.loc["Practices left out"]
    assert left_out.index.tolist() == [
        "B (gp_event was not delivered)",
        "C (gp_event: A delivered file is empty)",
    ]
    assert left_out["unit"].eq("practices").all()
