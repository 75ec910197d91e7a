"""Small files made to fill memory: a process that lands all of them grows by less than a gigabyte."""

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT
from tests.corpus.characters import stray_bytes
from tests.corpus.deliveries import written
from tests.corpus.packed import bombs
from tests.corpus.records import columns
from tests.corpus.sheets import cells, sheets

GIGABYTE = 1 << 30
HUNGRY = ("bomb", "enormous")
LAID_OUT_TO_GROW = ("a cell far away", "entities that multiply", "ten thousand more", "a name of 200,000 letters")
"""What is large or makes the reader large, by family and by name."""

LAND_ALL = """
import resource, sys, tempfile
from pathlib import Path
import duckdb
from phm.errors import PhmError
from tests.corpus.deliveries import land_one
from tests.corpus.variants import CLEAN

resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # only so that a failure stays one of this process
folder, feeds = Path(sys.argv[1]), sys.argv[2:]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with duckdb.connect() as con:
    for number, feed in enumerate(feeds):
        (path,) = (p for p in (folder / str(number)).rglob("*") if p.is_file())
        try:
            land_one(con, CLEAN[feed], path, folder / str(number))
        except PhmError:
            pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_no_small_file_takes_a_gigabyte(tmp_path: Path) -> None:
    found = [
        variant
        for family in (bombs, columns, cells, sheets, stray_bytes)
        for variant in family()
        if variant.family in HUNGRY or variant.name in LAID_OUT_TO_GROW
    ]
    for number, variant in enumerate(found):
        written(tmp_path / str(number) / "delivery" / variant.file, variant.damage(variant.clean))

    ended = subprocess.run(
        [sys.executable, "-c", LAND_ALL, str(tmp_path), *(variant.clean.feed for variant in found)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert int(ended.stdout) * 1024 < GIGABYTE, "ru_maxrss is in kilobytes"
    assert len(found) >= 15
