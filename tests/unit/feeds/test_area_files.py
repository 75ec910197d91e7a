"""Published files about areas under the headers they are published with, and coordinates that are none.

Headers of File 7 and of centroids are those that public code reads from the published files.
"""

import ibis
import pytest

from phm.errors import CheckFailed
from phm.feeds.published import read_published

RANKED = "(where 1 is most deprived)"
TENTH = "(where 1 is most deprived 10% of LSOAs)"
DOMAINS = (
    "Index of Multiple Deprivation (IMD) Score",
    "Income Score (rate)",
    "Employment Score (rate)",
    "Education, Skills and Training Score",
    "Health Deprivation and Disability Score",
    "Crime Score",
    "Barriers to Housing and Services Score",
    "Living Environment Score",
)
SCORES = (40.5, 0.25, 0.125, 30.0, -1.5, 2.0, 20.0, 10.0)
PEOPLE_2019 = {
    "Total population: mid 2015 (excluding prisoners)": 1_500,
    "Dependent Children aged 0-15: mid 2015 (excluding prisoners)": 300,
    "Population aged 16-59: mid 2015 (excluding prisoners)": 900,
    "Older population aged 60 and over: mid 2015 (excluding prisoners)": 300,
    "Working age population 18-59/64: for use with Employment Deprivation Domain (excluding prisoners) ": 950,
}
PEOPLE_2025 = {  # those of 16 to 59 are not in this file
    "Total population: mid 2022": 1_500,
    "Dependent Children aged 0-15: mid 2022": 300,
    "Older population aged 60 and over: mid 2022": 300,
    "Working age population 18-66 (for use with Employment Deprivation Domain): mid 2022": 950,
}


def file_7(path, year, people):
    district = {2011: 2019, 2021: 2024}[year]
    row = {f"LSOA code ({year})": "E01000001", f"LSOA name ({year})": "City 001A"}
    row |= {f"Local Authority District code ({district})": "E09000001"}
    row |= {f"Local Authority District name ({district})": "City"}
    row |= dict(zip(DOMAINS, SCORES, strict=True))
    row |= {f"Index of Multiple Deprivation (IMD) Rank {RANKED}": 5, f"Income Rank {RANKED}": 7}
    row |= {f"Index of Multiple Deprivation (IMD) Decile {TENTH}": 1, f"Income Decile {TENTH}": 1}
    row |= people
    lines = (",".join(f'"{cell}"' for cell in cells) for cells in (row.keys(), row.values()))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def con():
    return ibis.duckdb.connect(threads=1)


@pytest.mark.parametrize(("year", "people"), [(2011, PEOPLE_2019), (2021, PEOPLE_2025)])
def test_file_7_is_read_as_ranks_and_as_scores(con, tmp_path, year, people):
    path = file_7(tmp_path / "imd_scores_file_7.csv", year, people)
    (ranks,) = read_published(con, path, "deprivation").to_pyarrow().to_pylist()
    assert (ranks["lsoa_code"], ranks["imd_rank"], ranks["imd_decile"], ranks["lad_name"]) == (
        "E01000001",
        5,
        1,
        "City",
    )
    (scores,) = read_published(con, path, "deprivation_score").to_pyarrow().to_pylist()
    domains = ("imd", "income", "employment", "education", "health", "crime", "barriers", "environment")
    assert tuple(scores[f"{domain}_score"] for domain in domains) == SCORES
    ages = ("population_count", "population_0_15_count", "population_60_over_count", "population_working_age_count")
    assert [scores[name] for name in ages] == [1_500, 300, 300, 950]
    assert scores["population_16_59_count"] == (900 if year == 2011 else None)


@pytest.mark.parametrize("header", ["OBJECTID,LSOA21CD,GlobalID,x,y", "OBJECTID,lsoa11cd,lsoa11nm,X,Y"])
def test_centroids_are_read_in_metres(con, tmp_path, header):
    path = tmp_path / "lsoa_centroid.csv"
    path.write_text(f"{header}\n1,E01000001,a,532123.4,181456.7\n")
    (row,) = read_published(con, path, "lsoa_centroid").to_pyarrow().to_pylist()
    assert (row["lsoa_code"], row["easting"], row["northing"]) == ("E01000001", 532123.4, 181456.7)


def test_degrees_are_not_taken_for_metres(con, tmp_path):
    path = tmp_path / "lsoa_centroid.csv"
    # East of Greenwich both are positive.
    path.write_text("OBJECTID,LSOA21CD,GlobalID,x,y\n1,E01021234,a,0.71,51.55\n")
    with pytest.raises(CheckFailed, match="easting"):
        read_published(con, path, "lsoa_centroid")
