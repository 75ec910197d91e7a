"""What bad input gets: a message naming file and column, nothing published, and what was published untouched."""

import gzip
import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from phm.errors import CheckFailed, ConfigurationError, PhmError, UnreadableFeed
from phm.feeds.contracts import load_contracts
from phm.store import Partition, Store
from phm.synthetic.delivery import generate
from pipelines.run import Site, run_partition

BAD = Partition("2026-09", "QZZ")
pytestmark = pytest.mark.usefixtures("one_cohort", "without_pictures")


@pytest.fixture(scope="module")
def good_delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Feeds folder with a sound delivery of another month than the published one."""
    feeds = tmp_path_factory.mktemp("good")
    generate(feeds, month=BAD.month, seed=2, people=1_500)
    return feeds


@pytest.fixture
def feeds(good_delivery: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(good_delivery, tmp_path / "feeds"))


@pytest.fixture
def home(published_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published_home, tmp_path / "home"))


def fingerprint(home: Path) -> str:
    """One hash over everything published: manifests, and the bytes of the tables they name."""
    store, digest = Store(home), hashlib.sha256()
    for partition in store.partitions():
        digest.update((home / "manifests" / "published" / f"{partition.key}.json").read_bytes())
        for table in sorted(store.manifest(partition)["tables"]):
            for file in store.files(table, partition):
                digest.update(file.read_bytes())
    return digest.hexdigest()


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_bytes(change(path.read_bytes().decode()).encode())


def first(folder: Path) -> Path:
    return sorted(folder.iterdir())[0]


def missing_feed(delivery: Path) -> None:
    (delivery / "imd_2025_file_7.csv").unlink()


def missing_practice_folder(delivery: Path) -> None:
    shutil.rmtree(delivery / "gp_event")


def missing_practice_file(delivery: Path) -> None:
    first(delivery / "gp_event").unlink()


def empty_file(delivery: Path) -> None:
    first(delivery / "gp_event").write_bytes(b"")


def wrong_delimiter(delivery: Path) -> None:
    edit(first(delivery / "gp_medication"), lambda text: text.replace(",", ";"))


def renamed_column(delivery: Path) -> None:
    edit(first(delivery / "gp_register"), lambda text: text.replace("date_of_birth", "dob", 1))


def truncated_parquet(delivery: Path) -> None:
    csv = first(delivery / "gp_event")
    parquet = csv.with_suffix(".parquet")
    pq.write_table(pa_csv.read_csv(csv), parquet)
    parquet.write_bytes(parquet.read_bytes()[:-200])
    csv.unlink()


def truncated_gzip(delivery: Path) -> None:
    csv = first(delivery / "gp_event")
    csv.with_suffix(".csv.gz").write_bytes(gzip.compress(csv.read_bytes())[:-500])
    csv.unlink()


def another_month(delivery: Path) -> None:
    for file in (delivery / "gp_register").iterdir():
        edit(file, lambda text: text.replace("2026-09-30", "2026-08-31"))


def practice_not_in_map(delivery: Path) -> None:
    edit(delivery / "gp-reg-pat-prac-map.csv", lambda text: "".join(text.splitlines(keepends=True)[:-1]))


def practice_without_pcn(delivery: Path) -> None:
    def blank(text: str) -> str:
        header, row, *rest = text.splitlines(keepends=True)
        column = header.strip().replace('"', "").split(",").index("PCN_CODE")
        cells = row.split(",")
        cells[column] = ""
        return "".join([header, ",".join(cells), *rest])

    edit(delivery / "gp-reg-pat-prac-map.csv", blank)


def lsoas_of_the_other_vintage(delivery: Path) -> None:
    """The register on codes of 2011, the index on codes first given in 2021, and no lookup from one to the other."""
    (delivery / "lsoa_2011_to_2021.csv").unlink()
    index = delivery / "imd_2025_file_7.csv"
    for file in (index, *(delivery / "gp_register").iterdir()):
        edit(file, lambda text, first="E010340" if file == index else "E010010": text.replace("E019900", first))


@pytest.mark.parametrize(
    ("damage", "kind", "named"),
    [
        (missing_feed, UnreadableFeed, ["deprivation", "imd*"]),
        (missing_practice_folder, UnreadableFeed, ["gp_event"]),
        (missing_practice_file, CheckFailed, ["practices were delivered in part only", "gp_event was not delivered"]),
        (empty_file, UnreadableFeed, ["gp_event/", ".csv"]),
        (wrong_delimiter, UnreadableFeed, ["gp_medication/", ".csv"]),
        (renamed_column, UnreadableFeed, ["gp_register/", "date_of_birth"]),
        (truncated_parquet, UnreadableFeed, ["gp_event/", ".parquet"]),
        (truncated_gzip, UnreadableFeed, ["gp_event/", ".csv.gz"]),
        (another_month, CheckFailed, ["feed_gp_register", "extract_date"]),
        (practice_not_in_map, CheckFailed, ["practice_membership.practice_code"]),
        (practice_without_pcn, CheckFailed, ["practice_membership", "pcn_code"]),
        (
            lsoas_of_the_other_vintage,
            CheckFailed,
            ["lsoa_code of the register", "deprivation.lsoa_code", "LSOA 2011", "LSOA 2021", "lookup"],
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) and not isinstance(value, type) else "",
)
def test_bad_input_is_named_and_nothing_is_published(
    damage: Callable[[Path], None], kind: type[PhmError], named: list[str], feeds: Path, home: Path
) -> None:
    before = fingerprint(home)
    damage(feeds / BAD.path)

    with pytest.raises(kind) as caught:
        run_partition(BAD, site=Site(home=str(home), feeds=str(feeds), demo=True), listener=lambda *_: None)

    for word in named:
        assert word in str(caught.value)
    assert fingerprint(home) == before
    assert BAD not in Store(home).partitions()


def test_the_same_delivery_undamaged_is_published(feeds: Path, home: Path) -> None:
    run_partition(BAD, site=Site(home=str(home), feeds=str(feeds), demo=True), listener=lambda *_: None)

    assert BAD in Store(home).partitions()


@pytest.fixture
def tolerant() -> Iterator[None]:
    """The contracts, with room for half of the practice files to fail: the delivery has too few for a tenth."""
    contracts = [contract for contract in load_contracts().values() if contract.one_practice_per_file]
    before = [contract.max_failed_files_percent for contract in contracts]
    for contract in contracts:
        object.__setattr__(contract, "max_failed_files_percent", 50)
    yield
    for contract, percent in zip(contracts, before, strict=True):
        object.__setattr__(contract, "max_failed_files_percent", percent)


@pytest.mark.usefixtures("tolerant")
def test_a_practice_whose_file_fails_is_left_out_by_name(feeds: Path, tmp_path: Path) -> None:
    broken = first(feeds / BAD.path / "gp_event")
    broken.write_bytes(b"")
    run_partition(BAD, site=Site(home=str(tmp_path), feeds=str(feeds), demo=True), listener=lambda *_: None)

    store, practice_code = Store(tmp_path), broken.stem
    practices = {file.stem for file in broken.parent.iterdir()}
    with duckdb.connect() as con:
        for table in ("core_person", "case_finding_list"):
            rows = con.read_parquet([str(file) for file in store.files(table, BAD)])
            assert {code for (code,) in rows.unique("practice_code").fetchall()} == practices - {practice_code}
    assert not list(tmp_path.glob(f"vault/lists/**/{practice_code}*"))
    pages = [page for page in store.files("report", BAD) if page.suffix == ".html"]
    said = f"{practice_code} (gp_event: A delivered file is empty)"
    assert any(said in page.read_text(encoding="utf-8") for page in pages)


def test_a_second_run_of_the_same_month_is_kept_away(feeds: Path, tmp_path: Path) -> None:
    (tmp_path / "manifests").mkdir()
    with FileLock(tmp_path / "manifests" / f".{BAD.key}.lock"), pytest.raises(ConfigurationError, match="under way"):
        run_partition(BAD, site=Site(home=str(tmp_path), feeds=str(feeds), demo=True), listener=lambda *_: None)
