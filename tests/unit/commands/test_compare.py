"""`phm compare` and `phm measures` in the terminal: published figures of a made-up ICB."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from phm.cli import app
from phm.errors import ConfigurationError, StoreError
from phm.resources import library_dir
from phm.store import Partition, Store
from tests.unit.measures.test_comparison import rows


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home where one month's `measure_value` is published."""
    store, partition = Store(tmp_path_factory.mktemp("home")), Partition("2026-10", "QZZ")
    shown = {"lower": 8.0, "upper": 15.5, "period": "31 October 2026", "method": "rounded parts; Wilson 95%"}
    pcns = [(9.0, "low 99.8%"), (14.0, "high 99.8%"), (None, None)]
    table = pd.concat(
        [rows(pcns, **shown), rows(pcns, group_name="sex", group_value="female", **shown)], ignore_index=True
    )
    store.write("measure_value", partition, lambda folder: table.to_parquet(folder / "part-0.parquet"))
    store.publish(partition, ["measure_value"], {})
    return store.home


def run(home, monkeypatch, *arguments):
    monkeypatch.setenv("PHM_HOME", str(home))
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False).output


def test_pcns_stand_with_value_interval_and_significance(home, monkeypatch):
    lines = run(home, monkeypatch, "compare", "--measure", "raised_bp_not_on_register").splitlines()
    assert lines[1] == "X: 10.0 (8.0 to 15.5) percent, 31 October 2026."
    assert lines[3:6] == [
        "U1 (U1)\t14.0\t8.0 to 15.5\thigh 99.8%\t100 of 1,000",
        "U0 (U0)\t9.0\t8.0 to 15.5\tlow 99.8%\t100 of 1,000",
        "U2 (U2)\twithheld\t\t\t100 of 1,000",
    ]
    assert lines[6].startswith("Of 2 PCNs 1 is higher than the ICB, 1 is lower and 0 are not different")
    assert lines[-1] == "Method: rounded parts; Wilson 95%."


def test_groups_are_one_line_each(home, monkeypatch):
    output = run(home, monkeypatch, "compare", "--measure", "raised_bp_not_on_register", "--by", "sex")
    assert sum("\tfemale\t" in line for line in output.splitlines()) == 3


def test_a_measure_or_month_that_is_not_there_is_named(home, monkeypatch):
    with pytest.raises(ConfigurationError) as refused:
        run(home, monkeypatch, "compare", "--measure", "raised_bp_not_on_registre")
    assert "raised_bp_not_on_register" in refused.value.hint
    with pytest.raises(StoreError):
        run(home, monkeypatch, "compare", "--measure", "list_size", "--month", "2020-01")


def test_measures_are_listed_with_the_sites_own(home, monkeypatch, tmp_path):
    shipped = (library_dir("measures") / "obesity.yaml").read_text()
    (tmp_path / "ours.yaml").write_text(shipped.replace("id: obesity", "id: ours", 1))
    monkeypatch.setenv("PHM_MEASURES", str(tmp_path))
    output = run(home, monkeypatch, "measures")
    for name in ("obesity", "ours"):
        assert f"{name}\tObesity among adults with a recorded BMI\tpercent\tintegration_and_equity\tlocal" in output
