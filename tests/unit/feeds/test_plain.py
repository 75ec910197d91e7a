"""Files the engine reads by itself: the same rows as from the parser, and none that leave a doubt."""

import gzip
from functools import partial

import duckdb
import pytest

from phm.feeds.contracts import load_contract
from phm.feeds.observations import observed_columns
from phm.feeds.readers import find_files, open_delivered
from tests.conftest import SAMPLE_PARTITION
from tests.unit.feeds.delivered import GOOD_EVENT, as_csv, events

HEADER = ",".join(GOOD_EVENT)
LINE = "M85001,9990000018,{},,2026-10-01,44054006,,practice"
PLAIN = "\n".join([HEADER, *(LINE.format(number) for number in range(1, 6)), ""])


@pytest.fixture(params=[1, 3], ids=["one thread", "several"])
def con(request):
    """With several threads the engine reads a file by itself for sums only."""
    with duckdb.connect(config={"threads": request.param}) as connection:
        yield connection


@pytest.fixture
def both_ways(landed, rows, gp_event, monkeypatch):
    """What is made of a file: read by the engine, read by the parser, and summed up."""

    def land(file):
        by_engine = landed(gp_event, file)
        summed_up = landed(gp_event, file, columns=observed_columns(gp_event), in_rows=False)
        with monkeypatch.context() as patch:
            patch.setattr("phm.feeds.delimited.plain_text", lambda *_, **__: None)
            by_parser = landed(gp_event, file)
        return by_engine, by_parser, summed_up

    return land


def contents(landing):
    return [file.read_bytes() for file in (*landing.accepted_files, *landing.quarantine_files)]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        PLAIN.replace("\n", "\r\n"),
        PLAIN.rstrip("\n"),
        PLAIN.replace("\nM85001,9990000018,3", "\n\nM85001,9990000018,3"),
        PLAIN.replace(",2,,", ",1,,"),
        PLAIN.replace("9990000018,4", "9990000019,4").replace("practice\n", "friend\n", 1),
        PLAIN.replace(",5,,", ",1.50,,").replace(",4,,", ",0x4,,"),
        PLAIN.replace(",44054006,,practice", r",44054006,\,#practice", 1),
        PLAIN.replace("practice\n", "general practice\n", 1).replace("2026-10-01", "1 October 2026", 1),
    ],
    ids=["LF", "CRLF", "no end", "blank line", "repeated", "rejected", "numbers", "signs", "blanks within"],
)
def test_engine_and_parser_read_the_same(deliver, both_ways, rows, content):
    by_engine, by_parser, summed_up = both_ways(deliver("gp_event/M85001.csv", content))
    assert by_engine.record() == by_parser.record() == summed_up.record()
    assert contents(by_engine) == contents(by_parser)

    def kept(landing):
        return sorted(
            (row["event_date"], row["source"])
            for row in rows(*landing.accepted_files)
            for _ in range(row.get("records", 1))
        )

    assert kept(summed_up) == kept(by_parser)
    assert all(set(row) == {"event_date", "source", "records"} for row in rows(*summed_up.accepted_files))


@pytest.mark.parametrize("name", ["gp_event", "gp_medication", "gp_register", "emergency_attendance"])
def test_sums_say_the_same_of_a_delivery_as_its_rows(sample_feeds, landed, name):
    """Also of rules about several columns, of which some are counted by and some are not."""
    contract = load_contract(name)
    delivery = sample_feeds / SAMPLE_PARTITION.path
    of_sample = partial(landed, contract, *find_files(delivery, contract), folder=delivery)
    rows, sums = of_sample(), of_sample(columns=observed_columns(contract), in_rows=False)
    assert sums.record() == rows.record() and rows.delivered > 1000


def test_a_file_whose_keys_do_not_fit_into_memory_is_looked_at_in_rows(deliver, landed, gp_event, monkeypatch):
    def too_many(*_, **__):
        raise duckdb.OutOfMemoryException("failed to allocate")

    monkeypatch.setattr("phm.feeds.staging.sum_up", too_many)
    landing = landed(gp_event, deliver("gp_event/M85001.csv", PLAIN), columns=("source",), in_rows=False)
    assert (landing.accepted, landing.quarantined) == (5, 0)


def test_a_field_too_many_and_one_too_few_do_not_make_up_for_each_other(deliver, both_ways, rows):
    """The engine would overlook an empty field too many; but then another record has too few, and ends its reading."""
    lines = [HEADER, LINE.format(1) + ",", LINE.format(2).removesuffix(",practice"), LINE.format(3), ""]
    file = deliver("gp_event/M85001.csv", "\n".join(lines))
    for landing in both_ways(file):
        assert (landing.accepted, landing.rejections["record_shape"]) == (1, 2)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("M85001.csv", PLAIN.replace("practice\n", '"practice"\n', 1)),
        ("M85001.csv", PLAIN.replace("practice\n", "practice \n", 1)),
        ("M85001.csv", PLAIN.replace("practice\n", "practicé\n", 1)),
        ("M85001.csv", PLAIN.replace("practice\n", "practice\r\n", 1)),
        ("M85001.csv", PLAIN.replace("practice\n", "practice,\n", 1)),
        ("M85001.csv", PLAIN.replace("\n", "\r")),
        ("M85001.csv", PLAIN.encode("utf-16")),
        ("M85001.csv.gz", gzip.compress(PLAIN.encode())),
        ("M8500[1].csv", PLAIN),
    ],
    ids=["quoted", "space", "not ASCII", "mixed line ends", "comma", "CR", "UTF-16", "packed", "pattern"],
)
def test_what_leaves_a_doubt_is_left_to_the_parser(deliver, gp_event, name, content):
    assert open_delivered(deliver(f"gp_event/{name}", content), gp_event).plain is None


@pytest.mark.parametrize("content", [PLAIN, PLAIN.replace("practice\n", "general practice\n", 1)])
def test_a_plain_file_is_known_as_one(deliver, gp_event, content):
    assert open_delivered(deliver("gp_event/M85001.csv", content), gp_event).plain is not None


def test_a_row_of_another_practice_is_noticed_in_sums_too(deliver, landed, gp_event):
    file = deliver("gp_event/M85001.csv", as_csv(events({}, {"practice_code": "M85002"})))
    land = partial(landed, gp_event, file, deliver("gp_event/M85003.csv", PLAIN.replace("M85001", "M85003")))
    with pytest.raises(Exception, match="another practice than the one inside: M85002"):
        land(columns=observed_columns(gp_event), in_rows=False)


def test_bytes_do_not_depend_on_the_number_of_threads(deliver, gp_event, tmp_path):
    """More rows than a row group holds, of which every seventh is rejected; in two files, one by itself."""
    from phm.feeds.landing import land
    from phm.governance.pseudonyms import Pseudonymiser
    from tests.unit.feeds.delivered import REFERENCE_DATE

    files = [deliver(f"gp_event/{code}.csv", "") for code in ("M85001", "M85002")]
    for file in files:
        duckdb.execute(
            f"""
            COPY (SELECT '{file.stem}' AS practice_code, '9990000018' AS nhs_number, i AS record_id,
                         NULL AS parent_record_id, DATE '2026-10-01' - (i % 900)::INTEGER AS event_date,
                         44054000 + i % 50 AS snomed_code, NULL AS value,
                         CASE WHEN i % 7 THEN 'practice' ELSE 'friend' END AS source
                  FROM range(150000) t(i)) TO '{file}' (FORMAT csv, HEADER)
            """
        )
    found = []
    for threads in (1, 2, 3):
        with duckdb.connect(config={"threads": threads}) as engine:
            for number, delivered in enumerate((files, files[:1])):
                out = tmp_path / f"{threads}-{number}"
                options = {"reference_date": REFERENCE_DATE, "out": out, "pseudonymiser": Pseudonymiser.demo()}
                found.append((number, contents(land(engine, gp_event, delivered, **options))))
    assert all(parts == found[number][1] for number, parts in found)
