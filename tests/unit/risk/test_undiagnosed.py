"""The model of unmeasured hypertension: what it learns from, that it is calibrated, and what it refuses."""

import json

import ibis
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from phm.errors import ConfigurationError
from phm.feeds.contracts import load_contract
from phm.risk import artefact
from phm.risk.landmarks import LATEST, PREDICTORS, SUMS, landmark
from phm.risk.modelled import SCHEMA, described, raised_by, with_modelled
from phm.risk.performance import bins, calibration, discrimination, level, net_benefit, population_stability
from phm.risk.training import distribution, judged_on, watch
from phm.risk.undiagnosed import compare, measured, train
from phm.risk.usual_pressure import WHITE_COAT, Belief, UsualPressure
from tests.spec.people import REFERENCE_DATE, core_event, core_person, person_id, table

PEOPLE = """
person | age | sex | is_registered
1      | 60  | M   | yes
2      | 60  | M   | yes
3      | 60  | M   | yes
4      | 60  | M   | yes
5      | 18  | F   | yes
6      | 30  | F   | yes
7      | 60  | M   | yes
8      | 60  | M   | yes
"""
EVENTS = """
person | date       | what           | value   | setting | source
1      | 2025-12-01 | blood_pressure | 150/90
1      | 2025-12-01 | blood_pressure | 144/92
1      | 2026-02-01 | blood_pressure | 130/80  | home    | patient
2      | 2019-06-01 | blood_pressure | 120/70
2      | 2025-06-01 | blood_pressure | 150/90
2      | 2025-12-01 | blood_pressure | 160/94
3      | 2020-12-01 | hypertension
3      | 2025-12-01 | blood_pressure | 150/90
4      | 2025-12-01 | blood_pressure | 150/90
4      | 2026-01-01 | hypertension
4      | 2026-02-01 | blood_pressure | 120/70
5      | 2025-12-01 | blood_pressure | 150/90
6      | 2024-12-01 | blood_pressure | 120/70
6      | 2025-11-20 | pregnancy
6      | 2025-12-01 | blood_pressure | 150/90
6      | 2026-09-15 | blood_pressure | 130/80
7      | 2025-12-01 | blood_pressure | 150/90  | acute_hospital | hospital
8      | 2026-01-01 | hypertension
8      | 2026-02-01 | blood_pressure | 150/90
"""


@pytest.fixture(scope="module")
def found() -> dict[str, dict]:
    con = ibis.duckdb.connect(threads=1)
    event, person = table(core_event(EVENTS), con), table(core_person(PEOPLE), con)
    rows = landmark(event, person, reference_date=REFERENCE_DATE, years_before=1).to_pyarrow().to_pylist()
    return {row["person_id"]: row for row in rows}


def made_up(people: int, *, seed: int = 1, measured_more: float = 1.0) -> pd.DataFrame:
    """People with known usual pressures of whom some were measured, as rows of a landmark; `truth` is their truth."""
    rng = np.random.default_rng(seed)
    age, bmi = rng.integers(18, 90, people), rng.normal(27, 4, people)
    usual = 90 + 0.55 * age + 0.8 * (bmi - 27) + rng.normal(0, 10, people)
    days = rng.integers(1, 4, people)
    mean = usual + rng.normal(0, 8, people) / np.sqrt(days)
    lower = 60 + 0.1 * age + rng.normal(0, 4, people)
    was_measured = rng.random(people) < np.clip(expit(-1.5 + measured_more * (age - 50) / 20), 0.03, 0.9)
    before = rng.integers(0, 3, people)
    known = usual + rng.normal(0, 8, people) / np.sqrt(np.maximum(before, 1))
    known_lower = lower + rng.normal(0, 4, people) / np.sqrt(np.maximum(before, 1))

    def sums(prefix: str, count: np.ndarray, systolic: np.ndarray, diastolic: np.ndarray) -> dict[str, np.ndarray]:
        noise = count > 1
        return {
            **dict.fromkeys((f"{prefix}{name}" for name in SUMS), np.zeros(people)),
            f"{prefix}clinic_days": count,
            f"{prefix}clinic_systolic": systolic * count,
            f"{prefix}clinic_diastolic": diastolic * count,
            f"{prefix}clinic_systolic_squares": systolic**2 * count + 64 * noise,
            f"{prefix}clinic_products": systolic * diastolic * count,
            f"{prefix}clinic_diastolic_squares": diastolic**2 * count + 16 * noise,
        }

    rows = pd.DataFrame(dict.fromkeys((*PREDICTORS, *LATEST), np.full(people, np.nan)))
    flags = {name: np.zeros(people, bool) for name in PREDICTORS if name.startswith("has_")}
    rows = rows.assign(
        **flags,
        **sums("", before, known, known_lower),
        **sums("found_", days, mean, lower + rng.normal(0, 4, people) / np.sqrt(days)),
        person_id=[f"{n:032x}" for n in range(people)],
        practice_code=[f"Y{n % 6}" for n in range(people)],
        imd_quintile=rng.integers(1, 6, people),
        imd_decile=rng.integers(1, 11, people),
        age=age,
        bmi=np.where(rng.random(people) < 0.3, np.nan, bmi),
        sex=np.where(rng.random(people) < 0.5, "M", "F"),
        ethnicity_group="white",
        smoking_status="never",
        bp_drug_issue_count_12m=0,
        is_unmeasured=True,
        is_diagnosed=np.where(was_measured, False, None),
        truth=(usual >= 140) | (lower >= 90),
    )
    unknown = [name for name in rows if name.startswith("found_")]
    rows[unknown] = rows[unknown].where(rows["is_diagnosed"].notna())
    return rows


@pytest.fixture(scope="module")
def fitted():
    return train([made_up(5_000), made_up(5_000, seed=10)])


@pytest.fixture(scope="module")
def record(fitted) -> dict:
    model, _ = fitted
    return {"distribution": distribution(made_up(8_000), model.usual), **judged_on(model, made_up(6_000, seed=2))}


def test_everybody_without_a_code_is_there_and_says_whether_they_were_measured(found):
    """3 has a diagnosis, 5 was 17 on the day; 2 had a reading in the year before."""
    assert {row: found[row]["is_unmeasured"] for row in sorted(found)} == {
        person_id("1"): True, person_id("2"): False, person_id("4"): True, person_id("6"): False, person_id("7"): True,
        person_id("8"): True,
    }  # fmt: skip
    assert found[person_id("1")]["age"] == 59


def test_readings_are_lowest_pairs_and_averages_are_raised_to_clinic_terms(found):
    one = found[person_id("1")]
    assert (one["found_clinic_days"], one["found_clinic_systolic"], one["found_clinic_diastolic"]) == (1, 144, 92)
    assert (one["found_average_days"], one["found_average_systolic"], one["found_average_diastolic"]) == (1, 135, 85)
    assert (one["clinic_days"], one["average_days"]) == (0, 0)


def test_what_was_known_and_what_was_found_are_kept_apart(found):
    two = found[person_id("2")]
    assert (two["clinic_days"], two["clinic_systolic"], two["clinic_systolic_squares"]) == (2, 270, 120**2 + 150**2)
    assert (two["clinic_products"], two["found_clinic_days"], two["found_clinic_systolic"]) == (21_900, 1, 160)


def test_readings_after_a_diagnosis_in_pregnancy_and_in_hospital_teach_nothing(found):
    four = found[person_id("4")]
    assert (four["found_clinic_days"], four["found_clinic_systolic"], four["is_diagnosed"]) == (1, 150, True)
    six = found[person_id("6")]
    assert (six["clinic_systolic"], six["found_clinic_days"], six["found_clinic_systolic"]) == (120, 1, 130)
    assert found[person_id("7")]["is_diagnosed"] is None


def test_a_diagnosis_without_a_reading_before_it_teaches_nothing(found):
    assert found[person_id(4)]["is_diagnosed"] is True
    assert found[person_id(8)]["is_diagnosed"] is None


def test_chance_is_taken_out_of_readings():
    """One reading of 142 among people of 120 is chance more often than hypertension; a diagnosis is certain."""
    rows = made_up(6_000)
    usual = UsualPressure.learned(rows)
    found = rows[rows["is_diagnosed"].notna()].reset_index(drop=True)
    chance = usual.found(found)
    assert chance.mean() == pytest.approx(found["truth"].mean(), abs=0.03)
    naive = (found["found_clinic_systolic"] / found["found_clinic_days"] >= 140).mean()
    assert naive > found["truth"].mean() + 0.01
    found.loc[0, "is_diagnosed"] = True
    assert usual.found(found)[0] == 1


def test_a_persons_own_readings_move_what_is_believed_and_an_average_moves_it_further():
    rows = made_up(4_000)
    usual = UsualPressure.learned(rows)
    nothing = rows.assign(**dict.fromkeys(SUMS, 0)).head(1)
    readings = {"days": 1, "systolic": 170, "diastolic": 95}
    clinic, average = (
        nothing.assign(**{f"{kind}_{name}": value for name, value in readings.items()})
        for kind in ("clinic", "average")
    )
    before, once, steady = (usual.known(one).chance()[0] for one in (nothing, clinic, average))
    assert before < once < steady
    many = clinic.assign(clinic_days=100, clinic_systolic=17_000, clinic_diastolic=9_500)
    assert usual.known(many).covariance[0, 0, 0] > 0.5 * WHITE_COAT[0, 0], "a white coat does not go away"
    assert usual.known(nothing).mean[0] == pytest.approx(usual.alike(nothing).mean[0])


def test_a_chance_is_that_of_either_arm():
    independent = np.array([[[100.0, 0.0], [0.0, 25.0]]])
    at_limits = Belief(np.array([[139.5, 89.5]]), independent)
    assert at_limits.chance()[0] == pytest.approx(0.75)


def test_what_was_learned_survives_a_file():
    usual = UsualPressure.learned(made_up(2_000))
    again = UsualPressure.of_record(json.loads(json.dumps(usual.record())))
    rows = made_up(100, seed=9)
    np.testing.assert_allclose(again.known(rows).chance(), usual.known(rows).chance(), rtol=1e-9)


def test_weights_make_those_measured_stand_for_all():
    rows = made_up(12_000, measured_more=1.5)
    of = measured(rows, UsualPressure.learned(rows))
    assert of.people["age"].mean() > rows["age"].mean() + 5
    assert np.average(of.people["age"], weights=of.weight) == pytest.approx(rows["age"].mean(), abs=2.5)


def test_it_is_calibrated_to_a_truth_it_never_saw(fitted):
    model, _ = fitted
    rows = made_up(20_000, seed=3)
    p = model.predict(rows)
    line = calibration(p, rows["truth"].to_numpy(float))
    assert 0.85 < line.slope < 1.15
    assert p.mean() == pytest.approx(rows["truth"].mean(), abs=0.03)


def test_the_simplest_within_noise_is_kept(fitted):
    model, compared = fitted
    assert [one.name for one in compared] == ["logistic regression with splines", "histogram gradient boosting"]
    assert model.name == next(one.name for one in compared if one.worse_by <= one.standard_error)
    losses = {"simple": np.full(100, 0.5), "other": np.full(100, 0.4)}
    assert [c.worse_by > c.standard_error for c in compare(losses, np.ones(100))] == [True, False]


def test_too_few_people_are_refused():
    with pytest.raises(ConfigurationError, match="300 people measured"):
        train([made_up(500)])


def test_a_saved_model_predicts_the_same_and_is_refused_where_it_does_not_fit(fitted, record, tmp_path, monkeypatch):
    model, _ = fitted
    folder = artefact.save(model, record, home=tmp_path, trained_on="2026-10_QZZ", card={"card.md": "# {version}"})
    version = folder.name
    loaded = artefact.load(version, home=tmp_path)
    rows = made_up(200, seed=4)
    np.testing.assert_array_equal(loaded.fitted.predict(rows), model.predict(rows))
    assert artefact.versions(tmp_path) == [version]
    assert (folder / "card.md").read_text() == f"# {version}"
    with pytest.raises(ConfigurationError, match="no such model"):
        artefact.load("2026-01_QZZ_00000000", home=tmp_path)

    with monkeypatch.context() as patch:
        patch.setattr(artefact.sklearn, "__version__", "1.0")
        with pytest.raises(ConfigurationError, match="scikit-learn"):
            artefact.load(version, home=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(artefact, "feature_contract_hash", lambda: "other")
        with pytest.raises(ConfigurationError, match="features that meant something else"):
            artefact.load(version, home=tmp_path)
    with (folder / "model.skops").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ConfigurationError, match="not the one that was trained"):
        artefact.load(version, home=tmp_path)


def test_reasons_are_facts_of_the_person_and_never_deprivation(fitted):
    model, _ = fitted
    rows = made_up(300, seed=5).assign(age=85, bmi=40.04, imd_decile=1, **dict.fromkeys(SUMS, 0))
    first, second, third = raised_by(rows, model)
    assert set(first) == {"age 85"}
    assert {*second, *third} <= {"BMI 40.0", "a factor not named on lists", None}
    assert "BMI 40.0" in {*second, *third}
    young = raised_by(rows.assign(age=19, bmi=np.nan, imd_decile=6), model)
    assert all(value is None for value in young[0])


def test_the_columns_are_those_of_the_contract_and_the_range_holds_the_probability(fitted, record):
    art = artefact.Artefact("v", fitted[0], json.loads(json.dumps(record)))
    columns = described(made_up(300, seed=6), art)
    assert list(columns) == SCHEMA.names
    assert (
        columns["modelled_probability"]
        .between(columns["modelled_probability_lower"], columns["modelled_probability_upper"])
        .all()
    )
    assert set(SCHEMA.names) <= set(load_contract("person_risk").column_names)


def test_switched_off_all_is_empty():
    risk = ibis.memtable({"person_id": ["a"]})
    (row,) = with_modelled(risk, risk, risk, None, until=REFERENCE_DATE).to_pyarrow().to_pylist()
    assert row == {name: "a" if name == "person_id" else None for name in SCHEMA.names}


def test_the_monthly_check_tells_a_drifted_population(fitted, record):
    model, _ = fitted
    assert watch(model, record, made_up(6_000, seed=7)).problems == []
    drifted = made_up(6_000, seed=7)
    drifted["found_clinic_systolic"] += 30 * drifted["found_clinic_days"]
    drifted["bmi"] = np.nan
    problems = " ".join(watch(model, record, drifted).problems)
    assert "times what was predicted" in problems
    assert "bmi is spread otherwise" in problems


def test_log_odds_are_moved_until_as_many_are_predicted_as_found():
    p, outcome = np.array([0.2, 0.4, 0.6]), np.array([0.5, 0.6, 0.7])
    moved = expit(logit(p) + level(p, outcome, np.array([1.0, 2.0, 1.0])))
    assert moved @ [1, 2, 1] == pytest.approx(outcome @ [1, 2, 1])


def test_statistics_of_known_probabilities():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.95, 20_000)
    outcome, ones = (rng.random(20_000) < p).astype(float), np.ones(20_000)
    line = calibration(p, outcome)
    assert line.intercept == pytest.approx(0, abs=0.05)
    assert line.slope == pytest.approx(1, abs=0.05)
    assert discrimination(p[:2_000], outcome[:2_000], ones[:2_000], draws=20)[0] == pytest.approx(0.8, abs=0.05)
    assert net_benefit(p, outcome, ones, 0.5) == pytest.approx(np.where(p >= 0.5, 2 * p - 1, 0).mean(), abs=0.01)
    assert all(one.lower < one.predicted < one.upper for one in bins(p, outcome, ones)[::3])
    assert population_stability(np.array([0.5, 0.5]), np.array([0.5, 0.5])) == 0
    assert population_stability(np.array([0.9, 0.1]), np.array([0.1, 0.9])) > 0.25
