"""`phm pilots evaluate` on months published from made-up figures."""

import json

import pytest
from typer.testing import CliRunner

from phm.cli import app
from phm.errors import ConfigurationError, StoreError
from phm.store import Partition, Store
from tests.unit.measures.pilot_months import MEASURE, MONTHS, START, delivered


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    store = Store(tmp_path_factory.mktemp("home"))
    for month, rows in delivered(effect=-4).table.groupby("month"):
        _publish(store, Partition(month, "QZZ"), rows)
    return store.home


def _publish(store, partition, rows):
    def fill(folder):
        rows.drop(columns="month").to_parquet(folder / "part-0.parquet")

    store.write("measure_value", partition, fill)
    store.publish(partition, ["measure_value"], {})


@pytest.fixture
def evaluated(home, monkeypatch):
    monkeypatch.setenv("PHM_HOME", str(home))

    def run(*arguments):
        answer = CliRunner().invoke(app, ["pilots", "evaluate", *arguments], catch_exceptions=False)
        assert answer.exit_code == 0
        return answer.stdout

    return run


def test_a_pilot_is_told_with_its_comparators_and_run_chart(evaluated):
    said = evaluated("--pcn", "U00000", "--start", START, "--measure", MEASURE.id)
    assert "12 months before 2026-01, 6 from then on" in said
    assert "a difference for the better" in said and "95% interval" in said
    assert said.count("\tcomparator\t") == 5 and "PCN U00000 (U00000)\tpilot\t" in said
    assert "Run chart of U00000: special cause in" in said


def test_charts_and_tables_are_written(evaluated, tmp_path):
    evaluated("--pcn", "U00000", "--pcn", "U00001", "--start", START, "--measure", MEASURE.id, "--out", str(tmp_path))
    names = ["areas.csv", "months.csv"]
    names += [
        f"{c}.{kind}"
        for c in ("parallel_trends", "run_chart_U00000", "run_chart_U00001")
        for kind in ("svg", "vl.json")
    ]
    assert sorted(f.name for f in tmp_path.iterdir()) == sorted(f"{MEASURE.id}_{name}" for name in names)
    picture = (tmp_path / f"{MEASURE.id}_parallel_trends.svg").read_text()
    assert "pilot" in picture and "comparators" in picture and MONTHS[0] in picture and "<script" not in picture
    run_chart = json.loads((tmp_path / f"{MEASURE.id}_run_chart_U00001.vl.json").read_text())
    rows = next(data for data in run_chart["datasets"].values() if "signal" in data[0])
    assert [row["month"] for row in rows] == MONTHS
    assert rows[-1]["kind"] == "special cause" and "outside the limits" in rows[-1]["signal"]


def test_what_cannot_be_asked_names_what_is_wrong(evaluated, monkeypatch, tmp_path):
    with pytest.raises(ConfigurationError, match="YYYY-MM"):
        evaluated("--pcn", "U00000", "--start", "January")
    with pytest.raises(ConfigurationError, match=f"list_size.*{MEASURE.id}"):
        evaluated("--pcn", "U00000", "--start", START, "--measure", "list_size")
    with pytest.raises(StoreError, match="Nothing is published"):
        evaluated("--pcn", "U00000", "--start", START, "--icb", "QXX")
    monkeypatch.setenv("PHM_HOME", str(tmp_path))
    with pytest.raises(StoreError, match="Nothing is published"):
        evaluated("--pcn", "U00000", "--start", START)


def test_several_icbs_are_not_mixed(monkeypatch, tmp_path):
    rows = delivered(months=MONTHS[:1]).table
    for icb in ("QYY", "QZZ"):
        _publish(Store(tmp_path), Partition(MONTHS[0], icb), rows)
    monkeypatch.setenv("PHM_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match="QYY, QZZ"):
        CliRunner().invoke(app, ["pilots", "evaluate", "--pcn", "U00000", "--start", START], catch_exceptions=False)
