"""`phm validate` on files that are good, bad and unreadable; nothing it prints or writes for others holds a value."""

import re
import shutil
import stat
from pathlib import Path

import pytest

from phm import cli
from tests.conftest import SAMPLE

CANARY = "9998887776"


@pytest.fixture
def delivered(tmp_path, monkeypatch) -> Path:
    """A copy of the sample's events in an empty working folder, one row of it spoiled: its code is no code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PHM_HOME", "home")
    folder = Path(shutil.copytree(SAMPLE / "2026-10" / "QZZ" / "gp_event", "gp_event"))
    first = sorted(folder.iterdir())[0]
    header, row, *rest = first.read_text().splitlines(keepends=True)
    code = header.strip().split(",").index("snomed_code")
    cells = row.split(",")
    cells[code] = CANARY + "X"
    first.write_text("".join([header, ",".join(cells), *rest]))
    return folder


@pytest.fixture
def phm(monkeypatch, capsys):
    """Run a command line; exit code and all it printed."""

    def run(*arguments: object) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["phm", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out + printed.err

    return run


def of_month(folder: Path) -> tuple[object, ...]:
    return ("validate", folder, "--contract", "gp_event", "--month", "2026-10")


def test_a_good_delivery_with_a_bad_row(delivered, phm):
    code, printed = phm(*of_month(delivered), "--html", "page.html", "--show-rows")
    assert code == 0
    rule = next(line for line in printed.splitlines() if "snomed_code_pattern" in line)
    assert "failed" in rule and "1 rows" in rule
    page = Path("page.html").read_text(encoding="utf-8")
    assert "snomed_code matches" in page
    assert CANARY not in printed and CANARY not in page
    assert not re.search("https?://(?!www.w3.org)", page)

    (rows,) = Path("home/vault/rejected").iterdir()
    assert CANARY in rows.read_text()
    assert "snomed_code_pattern" in rows.read_text()
    assert stat.S_IMODE(rows.stat().st_mode) == 0o600
    assert stat.S_IMODE(rows.parent.stat().st_mode) == 0o700


def test_rows_are_written_where_asked_for_only(delivered, phm):
    phm(*of_month(delivered))
    assert not Path("home").exists()


def test_rules_that_do_not_hold_are_exit_code_1(delivered, phm):
    code, printed = phm("validate", delivered, "--contract", "gp_event", "--month", "2026-12")
    assert code == 1
    assert "rules do not hold" in printed
    assert "Traceback" not in printed


def test_what_cannot_be_read_is_exit_code_2(delivered, phm):
    first = sorted(delivered.iterdir())[0]
    first.write_bytes(first.read_bytes() + b'"')
    for file in sorted(delivered.iterdir())[1:]:
        file.unlink()
    code, printed = phm(*of_month(delivered))
    assert code == 2
    assert first.name in printed
    assert CANARY not in printed
    assert phm(*of_month(Path("nowhere.csv")))[0] == 2


def test_the_delivery_before_is_compared(delivered, phm):
    before = Path(shutil.copytree(delivered, "before"))
    gone = sorted(delivered.iterdir())[-1]
    gone.unlink()
    _, printed = phm(*of_month(delivered), "--previous", before, "--html", "page.html")
    assert "drift_practice_missing" in printed
    assert gone.stem in printed
    assert "Against the delivery before" in Path("page.html").read_text(encoding="utf-8")
