"""Deprivation and boundaries on published registers and indices; the page `docs/deprivation.md` holds these figures.

The files are looked for in `real` of the folder PHM_PUBLISHED_FILES, else of `shared` beside the checkout.
"""

import duckdb
import pytest

from phm.core.boundary import out_of_area
from phm.errors import CheckFailed
from tests.conftest import ROOT, SHARED
from tests.real import areas
from tests.real.areas import DIGITAL_FIRST, ENGLAND, HAMMERSMITH_AND_FULHAM, IMD_2019, IMD_2025, LOOKUP, QNC

pytestmark = [pytest.mark.real, pytest.mark.slow]

FOLDER = SHARED / "real"
PEOPLE = 61_768_942
ENGLISH = 61_727_641
"""People of the register of July 2022 whose LSOA code is English, counted from the file itself."""


@pytest.fixture(scope="module")
def published():
    if not FOLDER.is_dir():
        pytest.skip(f"the folder of published files {FOLDER} is not here")
    return areas.Published(FOLDER)


def test_lsoa_scores_average_to_the_published_scores_of_every_local_authority(published):
    rows = published.district_differences()
    assert len(rows) == 317
    assert all(abs(row["made"] - row["imd_score"]) <= 0.001 for row in rows)


def test_every_pcn_of_england_has_an_imd_2019_score(published):
    england = published.areas(**ENGLAND, **IMD_2019)
    assert england.index.name == "IMD 2019 on LSOA 2011"
    match = areas.matched(england)
    assert (match.people, match.matched, match.placeholder, match.outside_england) == (PEOPLE, ENGLISH, 27_415, 13_886)
    rows = areas.pcn_scores(england)
    assert sum(row["patient_count"] for row in rows) == PEOPLE
    assert len({row["area_code"] for row in rows} - {None, "U"}) == 1_259, "as many as the geography of that day has"
    assert all(row["imd_score"] is not None for row in rows)
    assert all(row[f"{domain}_score"] is not None for row in rows for domain in ("income", "crime", "environment"))


def test_pcn_scores_are_those_of_the_arithmetic_done_by_hand(published):
    england = published.areas(**ENGLAND, **IMD_2019)
    with duckdb.connect() as con:
        con.register("practices", england.practices.select("practice_code", "pcn_code").to_pyarrow())
        expected = con.execute(
            """
            SELECT pcn_code, sum(Patient * IMD) / sum(Patient) FROM read_parquet(?)
            JOIN read_parquet(?) USING (LSOA11CD) JOIN practices ON practice_code = OrganisationCode GROUP BY pcn_code
            """,
            [str(FOLDER / ENGLAND["register"]), str(FOLDER / IMD_2019["scores"])],
        ).fetchall()
    made = {row["area_code"]: row["imd_score"] for row in areas.pcn_scores(england) if row["area_code"]}
    assert made == pytest.approx(dict(expected), abs=1e-9)


@pytest.mark.parametrize("files", [IMD_2019, IMD_2025])
def test_published_deciles_are_those_of_ranks(published, files):
    index = areas.read_index(published.con, FOLDER / files["index"])
    count = int(index.count().to_pyarrow().as_py())
    rows = index.select("imd_rank", "imd_decile").to_pyarrow().to_pylist()
    assert max(row["imd_rank"] for row in rows) == count
    assert all(row["imd_decile"] == -(-10 * row["imd_rank"] // count) for row in rows)


def test_scores_are_those_others_published_of_other_months(published):
    found = areas.against_others(published)
    pcns, practices = found["pcn"], found["practice"]
    assert (pcns.count, practices.count) == (50, 40)
    assert pcns.median < 0.03 and abs(pcns.mean) < 0.02 and abs(pcns.largest) < 0.7
    assert pcns.correlation > 0.9999
    assert practices.median < 0.4 and abs(practices.mean) < 0.1
    assert practices.correlation > 0.998
    # PCNs as at another day are other PCNs.
    assert abs(found["pcn_of_july"].largest) > 2


def test_imd_2025_goes_through_the_lookup_and_loses_nobody_who_has_an_english_lsoa(published):
    england = published.areas(**ENGLAND, **IMD_2025, lookup=LOOKUP.format("v1"))
    assert england.index.name == "IMD 2025 on LSOA 2021, carried to LSOA 2011"
    match = areas.matched(england)
    assert (match.people, match.matched, match.unknown) == (PEOPLE, ENGLISH, 0)
    assert match.mapping() == "94.30% direct, 0.02% irregular, 0.52% merge, 5.17% split"
    assert all(row["imd_score"] is not None for row in areas.pcn_scores(england))


def test_without_the_lookup_the_other_vintage_is_refused(published):
    with pytest.raises(CheckFailed, match=r"register is on LSOA 2011 but the index is on LSOA 2021.*IMD 2019"):
        published.areas(**ENGLAND, **IMD_2025)
    with pytest.raises(CheckFailed, match=r"register is on LSOA 2021 but the index is on LSOA 2011.*IMD 2025"):
        published.areas(**QNC, **IMD_2019)


def test_the_lookup_without_change_indicator_names_those_it_loses(published):
    complete, lacking = (
        areas.matched(published.areas(**QNC, **IMD_2019, lookup=LOOKUP.format(version))) for version in ("v1", "v2")
    )
    with duckdb.connect() as con:
        lost = con.execute(
            """
            SELECT sum(NUMBER_OF_PATIENTS) FROM read_csv(?)
            WHERE LSOA_CODE LIKE 'E01%' AND LSOA_CODE NOT IN (SELECT LSOA21CD FROM read_csv(?))
            """,
            [str(FOLDER / QNC["register"]), str(FOLDER / LOOKUP.format("v2"))],
        ).fetchone()[0]
    assert (complete.matched, complete.unknown) == (1_208_850, 0)
    assert lost > 0
    assert (lacking.matched, lacking.unknown) == (1_208_850 - lost, lost)


def test_a_digital_first_practice_stands_out(published):
    england = published.areas(**ENGLAND, **IMD_2019)
    districts = {row["lad_code"]: row["patient_count"] for row in areas.residents(england, DIGITAL_FIRST)}
    assert sum(districts.values()) == 111_330
    assert districts[HAMMERSMITH_AND_FULHAM] == 7_865
    practice = next(row for row in areas.spread(england) if row["practice_code"] == DIGITAL_FIRST)
    assert practice["is_out_of_area"]
    assert practice["district_count"] > 290
    pcns = areas.both_views(england)
    assert pcns[0]["pcn_code"] == practice["pcn_code"]
    assert pcns[0]["inside_pct"] < 4 < pcns[1]["inside_pct"]


def test_it_stands_out_in_a_run_of_its_own_icb_too(published):
    one_icb = areas._of_icb(published.areas(**ENGLAND, **IMD_2019), "QRV")
    far = out_of_area(one_icb.homes, one_icb.practices)
    assert far[0] == DIGITAL_FIRST
    assert len(far) == 4


def test_boundaries_of_england_leave_out_almost_no_area(published):
    england = published.areas(**ENGLAND, **IMD_2019)
    lsoa_count = sum(row["lsoa_count"] for row in areas.both_views(england))
    assert 0.999 * 32_844 < lsoa_count <= 32_844


def test_one_icb_by_pcn_and_lsoa_is_what_its_register_adds_up_to(published):
    qnc = published.areas(**QNC, **IMD_2025)
    made = areas.pcn_boundary(qnc.homes, qnc.practices)
    rows = made.select("pcn_code", "lsoa_code", "patient_count").to_pyarrow().to_pylist()
    with duckdb.connect() as con:
        # This file names each practice's PCN itself.
        expected = con.execute(
            """
            SELECT PCN_CODE, LSOA_CODE, sum(NUMBER_OF_PATIENTS) FROM read_csv(?)
            WHERE LSOA_CODE LIKE 'E01%' GROUP BY ALL
            """,
            [str(FOLDER / QNC["register"])],
        ).fetchall()
    assert {(row["pcn_code"], row["lsoa_code"]): row["patient_count"] for row in rows} == {
        (pcn, lsoa): count for pcn, lsoa, count in expected
    }
    scored = areas.pcn_scores(qnc)
    assert len(scored) == 25
    assert all(row["imd_score"] is not None and row["unknown_count"] == 0 for row in scored)
    assert sum(row["patient_count"] for row in scored) == 1_210_283


def test_areas_mostly_registered_with_others_are_inside_nothing(published):
    qnc = published.areas(**QNC, **IMD_2025)
    facts = areas.both_views(qnc)
    lsoas_of_the_register = qnc.homes.lsoa_code.nunique().to_pyarrow().as_py()
    assert sum(row["lsoa_count"] for row in facts) < 0.25 * lsoas_of_the_register
    assert sum(row["inside_count"] for row in facts) > 0.7 * 1_210_283


def test_the_page_holds_these_figures(published):
    assert (ROOT / "docs" / "deprivation.md").read_text(encoding="utf-8") == areas.page(published)
