"""`phm contracts` as it is typed, and the comparison with the last release."""

import os
import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from phm.commands.contracts import app
from phm.errors import CheckFailed, DefinitionError
from phm.feeds.contracts import load_contracts
from phm.resources import contracts_dir
from tests.conftest import ROOT


def typed(*arguments: object) -> str:
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False).stdout


@pytest.fixture
def released(tmp_path):
    """A copy of the contracts in which one column of core_event was text."""
    folder = shutil.copytree(contracts_dir(), tmp_path / "released")
    path = folder / "core_event.odcs.yaml"
    path.write_text(path.read_text().replace("physicalType: DOUBLE", "physicalType: VARCHAR"))
    return folder


def test_list_has_a_line_for_each_contract():
    first, *lines = typed("list").splitlines()
    assert first.split("\t") == ["contract", "version", "layer", "columns", "one row is"]
    assert [line.split("\t")[0] for line in lines] == list(load_contracts())


def test_show_says_what_the_dictionary_says():
    assert typed("show", "gp_event") in (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    with pytest.raises(DefinitionError, match="Did you mean gp_event"):
        typed("show", "gp_events")


def test_dictionary_is_written_where_it_is_asked_for(tmp_path):
    assert typed("dictionary", "--out", tmp_path / "page.md") == ""
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == typed("dictionary")


def test_diff_names_the_change_and_fails_where_the_version_does_not_say_so(released):
    with pytest.raises(CheckFailed, match=r"core_event needs version 2\.0\.0"):
        typed("diff", released, contracts_dir())
    answer = CliRunner().invoke(app, ["diff", str(released), str(contracts_dir())]).stdout.splitlines()
    assert answer[1:] == ["core_event\t1.0.0 → 1.0.0\tvalue\ttype: VARCHAR → DOUBLE\tconsumers and suppliers\tmajor"]


def test_diff_of_a_file_speaks_of_its_contract_only(released):
    assert typed("diff", released, contracts_dir() / "gp_event.odcs.yaml") == "Nothing changed.\n"
    assert typed("diff", contracts_dir(), contracts_dir()) == "Nothing changed.\n"


@pytest.fixture
def checkout(tmp_path):
    """A git repository with the contracts and the script that compares them."""
    folder = tmp_path / "checkout"
    shutil.copytree(ROOT / "contracts", folder / "contracts")
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "First")
    return folder


def git(folder, *arguments):
    subprocess.run(["git", *arguments], cwd=folder, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull})


def compared(folder):
    return subprocess.run(
        [folder / ".ci" / "contracts-since-release", sys.executable, "-m", "phm"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def test_contracts_are_compared_with_those_of_the_last_release(checkout):
    without = compared(checkout)
    assert (without.returncode, without.stdout[:10]) == (0, "No release")
    git(checkout, "tag", "v1.0.0")
    same = compared(checkout)
    assert (same.returncode, same.stdout.splitlines()[-1]) == (0, "Nothing changed."), same.stderr
    (checkout / "contracts" / "gp_event.odcs.yaml").unlink()
    gone = compared(checkout)
    assert gone.returncode == 1
    assert "gp_event a contract goes after" in gone.stderr


def test_a_copy_that_is_no_repository_has_no_release(tmp_path):
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    answer = subprocess.run([tmp_path / ".ci" / "contracts-since-release"], capture_output=True, text=True)
    assert (answer.returncode, answer.stderr) == (0, "")
