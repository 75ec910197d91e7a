"""`phm model` on a published month without a model: nothing is ranked by a probability that is not there."""

import shutil

import pytest
from typer.testing import CliRunner

from phm.cli import app
from phm.errors import ConfigurationError


def test_nobody_is_ranked_while_no_model_is_switched_on(published_home, tmp_path, monkeypatch):
    monkeypatch.setenv("PHM_HOME", str(shutil.copytree(published_home, tmp_path / "home")))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match="No model was switched on"):
        CliRunner().invoke(app, ["model", "rank", "--out", "order.csv"], catch_exceptions=False)
    assert not (tmp_path / "order.csv").exists()
