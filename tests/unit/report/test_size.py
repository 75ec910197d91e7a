"""The size of a whole site: 40 PCNs with as many practices, measures, lists and assets as a real place has.

The numbers are drawn at random; what counts here is how many there are and how long names are. Weighed is what is read:
pages with their style sheet, and the CSV beside them. Workbooks and the Parquet file come on top.
"""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from phm.cohorts.definition import load_definitions
from phm.feeds.contracts import load_contract
from phm.governance.disclosure import recognise
from phm.measures.definition import load_measures
from phm.measures.groups import FURTHEST_STEP, QUINTILE, SEX_AGE_BAND, group_names, shares
from phm.report.site import build_site
from tests.unit.report.example import MONTH, REFERENCE_DATE, sources

PCNS, PLACES, PRACTICES, ASSETS = 40, 6, 226, 13
"""As at the place of real size the project is measured on, for 40 PCNs instead of 25; assets are those of one PCN."""
LIMIT = 3_000_000
MEASURES = load_measures()
PLACE = [f"L{n % PLACES}" for n in range(PCNS)]
PCN_NAMES = [f"HANLEY, BENTILEE AND {n:02d} PCN" for n in range(PCNS)]


@pytest.fixture(scope="module")
def files():
    return build_site(
        sources(
            measures=published(),
            months=recognise(published().table.assign(month=MONTH)),
            attrition=attrition(),
            geography=geography(),
            lsoa_count=dict.fromkeys(geography()["pcn_code"], 28),
            assets=assets(),
            nearest=pd.DataFrame(columns=["pcn_code", "category", "asset_id", "distance_metres"]),
            cohorts=load_definitions(),
            measure_definitions=MEASURES,
            is_synthetic=True,
        )
    )


def geography():
    table = pd.DataFrame({"pcn": [n % PCNS for n in range(PRACTICES)]})
    return pd.DataFrame(
        {
            "practice_code": [f"M{83000 + n}" for n in range(PRACTICES)],
            "practice_name": [f"HIGH STREET MEDICAL {n}" for n in range(PRACTICES)],
            "pcn_code": table["pcn"].map("U{:05d}".format),
            "pcn_name": table["pcn"].map(PCN_NAMES.__getitem__),
            "place_code": table["pcn"].map(PLACE.__getitem__),
            "place_name": table["pcn"].map(PLACE.__getitem__).map("NHS Example and Somewhere ICB - {}".format),
            "place_basis": "sub_icb_location",
            "icb_code": "QZZ",
            "icb_name": "NHS Example and Somewhere Integrated Care Board",
        }
    ).sort_values("pcn_code", kind="stable", ignore_index=True)


def areas():
    """Every area that has a row of a measure."""
    rows = geography()
    return pd.concat(
        [
            rows[[f"{kind}_code", f"{kind}_name"]]
            .drop_duplicates()
            .set_axis(["area_code", "area_name"], axis=1)
            .assign(area_type=kind)
            for kind in ("practice", "pcn", "place", "icb")
        ],
        ignore_index=True,
    )


@cache
def published():
    """`measure_value` of all shipped measures, in the groups that pages show."""
    return recognise(pd.concat([_of_measure(measure) for measure in MEASURES], ignore_index=True))


def _of_measure(measure):
    groups = {"all": ["all"]}
    if measure.share_by:
        groups = {measure.share_by: shares(measure.share_by)}
    elif measure.cascade_of:
        groups = {FURTHEST_STEP: load_contract("list_cascade").column("step").valid_values}
    elif measure.count_by:
        groups |= {SEX_AGE_BAND: group_names(SEX_AGE_BAND)}
    elif measure.standardisation == "direct":
        groups |= {QUINTILE: list("12345")}
    of = pd.DataFrame(
        [(name, value) for name, values in groups.items() for value in values], columns=["group_name", "group_value"]
    )
    rows = areas().merge(of, how="cross")
    rows = rows[rows["area_type"].ne("practice") | rows["group_name"].eq("all")]
    random = np.random.default_rng(measure.position)
    out_of, part = 5 * random.integers(2_000, 14_000, len(rows)), random.uniform(0.1, 0.4, len(rows))
    value = out_of if measure.unit == "people" else 100 * part
    direct = {f"standardised_{name}": value + n for n, name in enumerate(("value", "lower", "upper"), start=1)}
    return rows.assign(
        measure_id=measure.id,
        title=measure.title,
        unit=measure.unit,
        numerator=pd.array(out_of if measure.unit == "people" else (out_of * part).astype(int) // 5 * 5, dtype="Int64"),
        denominator=pd.array(out_of, dtype="Int64"),
        value=value,
        lower=value - 1.5,
        upper=value + 1.5,
        expected=out_of * 0.2 if measure.unit == "ratio" else np.nan,
        method="rounded parts; Wilson 95%",
        period="31 October 2026",
        significance=random.choice(["low 99.8%", "low 95%", "not different", "high 95%", "high 99.8%"], len(rows)),
        overdispersion=3.2,
        standardised_method="ESP 2013, Dobson 95%",
        sii=-2.5,
        sii_lower=-3.5,
        sii_upper=-1.5,
        rii=0.8,
        rii_lower=0.7,
        rii_upper=0.9,
        inequality_method="crude values; weighted least squares, line through the quintiles",
        is_suppressed=False,
        **direct if measure.standardisation == "direct" else dict.fromkeys(direct, np.nan),
    )


def attrition():
    """Every step of every shipped definition, for the ICB and each PCN."""
    of_areas = areas().query("area_type in ('icb', 'pcn')")[["area_type", "area_code"]]
    rows = []
    for cohort in load_definitions():
        steps = [("population", "population", cohort.population_label)]
        steps += [(e.id, "exclusion", e.label) for e in cohort.exclusions]
        steps += [(t.id, "tier", t.title) for t in cohort.outputs["list"].tiers]
        rows += [(cohort.id, order, *step) for order, step in enumerate(steps)]
    steps = pd.DataFrame(rows, columns=["cohort_id", "step_order", "step", "kind", "label"])
    return recognise(
        of_areas.merge(steps, how="cross").assign(
            person_count=1_235,
            remaining_count=12_345,
            person_count_precision="nearest 5",
            remaining_count_precision="nearest 5",
        )
    )


def assets():
    categories = ["physical_activity", "food_support", "mental_wellbeing", "community_connection"]
    return pd.DataFrame(
        [
            {
                "asset_id": f"{pcn}-{n}",
                "pcn_code": f"U{pcn:05d}",
                "organisation_name": f"Example Community Centre {pcn}{n}",
                "offer": "Advice on debt, benefits and housing",
                "for_whom": "Anybody with money worries",
                "open_to": "registered_patients",
                "how_to_refer": "By referral from the practice",
                "category": categories[n % len(categories)],
                "last_checked_date": REFERENCE_DATE,
                "is_recently_checked": False,
                "is_suitable": True,
            }
            for pcn in range(PCNS)
            for n in range(ASSETS)
        ]
    )


def sizes(files):
    """Bytes by what a file is."""
    by_kind = pd.Series({name: len(content) for name, content in files.items()})
    return by_kind.groupby(by_kind.index.str.rpartition(".").get_level_values(2)).sum()


def test_pages_of_40_pcns_and_their_csv_are_under_3_mb(files):
    assert len([name for name in files if name.startswith("pcn-") and name.endswith(".html")]) == PCNS
    assert len([name for name in files if name.startswith("measure-") and name.endswith(".html")]) >= 16
    found = sizes(files)
    print(found.to_string())
    assert found[["html", "css", "csv"]].sum() < LIMIT
