"""Where a PCN's patients live and where its residents are registered: counts for `measure_value`, PCNs only.

Both percentages count the same people, those who live in an area of the PCN's boundary and are registered with it: once
out of its patients, once out of the residents of the boundary. Boundary counts stop at PCN.
"""

import ibis.expr.types as ir
import pandas as pd

from phm.governance.raw import Tie

PATIENTS_INSIDE = "patients_living_inside"
RESIDENTS_HERE = "residents_registered_here"
TITLES = {
    PATIENTS_INSIDE: "Patients living in England who live inside the PCN's boundary",
    RESIDENTS_HERE: "Residents of the boundary who are registered with the PCN",
}


def residence_counts(facts: ir.Table, pcn_names: pd.Series, /) -> pd.DataFrame:
    """Unrounded counts of both percentages: one row per measure and PCN, without those no area lies inside.

    `facts` is what `phm.core.boundary.pcn_facts` makes; `pcn_names` has the PCNs' names by code.
    """
    rows = (
        facts.select(
            "pcn_code",
            numerator="inside_count",
            patients=facts.inside_count + facts.outside_count,
            residents="resident_count",
        )
        .to_pyarrow()
        .to_pandas()
    )
    rows = rows[rows["residents"] > 0]
    rows = rows.assign(area_type="pcn", area_code=rows["pcn_code"], area_name=rows["pcn_code"].map(pcn_names))
    parts = [
        rows.assign(measure_id=measure, title=TITLES[measure], denominator=rows[of])
        for measure, of in ((PATIENTS_INSIDE, "patients"), (RESIDENTS_HERE, "residents"))
    ]
    return (
        pd.concat(parts)
        .assign(group_name="all", group_value="all", unit="percent")
        .drop(columns=["pcn_code", "patients", "residents"])
    )


def residence_ties(pcn_codes: list[str], everybody: str, /) -> list[Tie]:
    """Both percentages have one numerator, and a PCN's patients with a home area are among all its people.

    `everybody` is the measure that counts all of them.
    """
    inside, here = (("numerator", measure, "pcn") for measure in (PATIENTS_INSIDE, RESIDENTS_HERE))
    one_numerator = [((*inside, code, "all"), [(*here, code, "all")], True) for code in pcn_codes]
    among_all = [
        (("numerator", everybody, "pcn", code, "all"), [("denominator", PATIENTS_INSIDE, "pcn", code, "all")], False)
        for code in pcn_codes
    ]
    return one_numerator + among_all
