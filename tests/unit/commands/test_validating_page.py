"""What docs/validating.md says of the sample is what the command prints."""

import re
import shlex

import pytest

from phm import cli
from tests.conftest import ROOT


def test_the_page_says_what_the_command_prints(monkeypatch, capsys):
    page = (ROOT / "docs" / "validating.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^phm validate .*$", page, re.MULTILINE)
    (sentence,) = re.findall(r"^> (.*)$", page, re.MULTILINE)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("sys.argv", shlex.split(command))
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert not ended.value.code
    assert sentence in capsys.readouterr().out
