"""Damage to Parquet files: values of every type Parquet knows, columns that hold no values, and footers that lie."""

import datetime as dt
import decimal
import io
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tests.corpus.variants import CLEAN, Clean, Landed, Refused, Variant, rejected, unharmed

EVENT = CLEAN["gp_event"]


def parquet(clean: Clean, **columns: pa.Array | None) -> bytes:
    """The feed as text columns of a Parquet file, but for these; None leaves one out."""
    table = {
        name: pa.array([row[place] or None for row in clean.rows], pa.string())
        for place, name in enumerate(clean.header)
    }
    return written(pa.table({name: array for name, array in {**table, **columns}.items() if array is not None}))


def written(table: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def _texts(column: str) -> list[str | None]:
    return [row[EVENT.place(column)] or None for row in EVENT.rows]


def types() -> Iterator[Variant]:
    days = [dt.date.fromisoformat(text) for text in _texts("event_date")]
    moments = [dt.datetime.combine(day, dt.time()) for day in days]
    later = [*moments[:1], moments[1].replace(hour=10), *moments[2:]]
    numbers = [int(text) for text in _texts("nhs_number")]
    ids = [int(text) for text in _texts("record_id")]
    readings = [132.5, *[None] * (len(days) - 1)]
    unharmed_event, reading = unharmed(EVENT), unharmed(EVENT, changed={(1, "value"): 132.5})
    late = Landed(["event_date_readable"] * len(days))
    cases: list[tuple[str, str, pa.Array, Landed]] = [
        ("days", "event_date", pa.array(days, pa.date32()), unharmed_event),
        ("days in milliseconds", "event_date", pa.array(days, pa.date64()), unharmed_event),
        *(
            (f"moments in {unit}", "event_date", pa.array(moments, pa.timestamp(unit)), unharmed_event)
            for unit in ("s", "ms", "us", "ns")
        ),
        ("moments of a zone", "event_date", pa.array(moments, pa.timestamp("us", "UTC")), unharmed_event),
        ("moments within the day", "event_date", pa.array(later, pa.timestamp("us")), late),
        ("days as numbers", "event_date", pa.array([int(f"{day:%Y%m%d}") for day in days]), unharmed_event),
        ("days in a dictionary", "event_date", pa.array(days).dictionary_encode(), unharmed_event),
        ("numbers", "nhs_number", pa.array(numbers), unharmed_event),
        ("numbers with a fraction", "nhs_number", pa.array(numbers, pa.float64()), unharmed_event),
        ("numbers without a sign", "record_id", pa.array(ids, pa.uint64()), unharmed_event),
        ("whole numbers with a fraction", "record_id", pa.array(ids, pa.float64()), unharmed_event),
        ("decimals", "record_id", pa.array(map(decimal.Decimal, ids), pa.decimal128(20, 2)), unharmed_event),
        ("readings as double", "value", pa.array(readings, pa.float64()), reading),
        ("readings as float", "value", pa.array(readings, pa.float32()), reading),
        ("readings as decimal", "value", pa.array([decimal.Decimal("132.5"), *readings[1:]]), reading),
        ("NaN for nothing", "value", pa.array([132.5, *[float("nan")] * (len(days) - 1)]), reading),
        (
            "an infinite reading",
            "value",
            pa.array([float("inf"), *readings[1:]]),
            rejected(EVENT, {1: "value_readable"}),
        ),
        ("nothing at all", "value", pa.nulls(len(days)), unharmed_event),
        ("text as large text", "source", pa.array(_texts("source"), pa.large_string()), unharmed_event),
        ("text as bytes", "source", pa.array([b"practice"] * len(days)), unharmed_event),
        ("text in a dictionary", "source", pa.array(_texts("source")).dictionary_encode(), unharmed_event),
        ("text that is empty", "value", pa.array([""] * len(days)), unharmed_event),
        ("truth for a source", "source", pa.array([True] * len(days)), Landed(["source_known"] * len(days))),
        ("times for days", "event_date", pa.array([dt.time(10)] * len(days)), late),
        ("durations for days", "event_date", pa.array([dt.timedelta(10)] * len(days)), late),
    ]
    for name, column, array, outcome in cases:
        yield Variant(
            "type", name, EVENT, lambda clean, c=column, a=array: parquet(clean, **{c: a}), outcome, ".parquet"
        )
    for name, nested in (
        ("lists", pa.array([["practice"]] * len(days))),
        ("structures", pa.array([{"is": "practice"}] * len(days))),
        ("maps", pa.array([[("is", "practice")]] * len(days), pa.map_(pa.string(), pa.string()))),
    ):
        yield Variant(
            "type",
            f"{name} for text",
            EVENT,
            lambda clean, nested=nested: parquet(clean, source=nested),
            Refused("Column source holds nested values"),
            ".parquet",
        )
    yield Variant(
        "type",
        "bytes that are no text",
        EVENT,
        lambda clean: parquet(clean, source=pa.array([b"\xff\xfe"] * len(clean.rows))),
        Refused("A delivered file is damaged"),
        ".parquet",
    )


def footers() -> Iterator[Variant]:
    def variant(name: str, damage: Callable[[Clean], bytes], outcome: Landed | Refused) -> Variant:
        return Variant("Parquet", name, EVENT, damage, outcome, ".parquet")

    def table(clean: Clean) -> pa.Table:
        return pq.read_table(io.BytesIO(parquet(clean)))

    for codec in ("none", "snappy", "gzip", "brotli", "lz4", "zstd"):
        yield variant(
            f"packed by {codec}", lambda clean, c=codec: written(table(clean), compression=c), unharmed(EVENT)
        )
    yield variant("without dictionaries", lambda clean: written(table(clean), use_dictionary=False), unharmed(EVENT))
    yield variant("a row in a group", lambda clean: written(table(clean), row_group_size=1), unharmed(EVENT))
    yield variant("of version 1", lambda clean: written(table(clean), version="1.0"), unharmed(EVENT))
    yield variant("no rows", lambda clean: written(table(clean).slice(0, 0)), Refused("has a header and no records"))
    yield variant(
        "no columns", lambda clean: written(table(clean).select([])), Refused("Column practice_code is missing")
    )
    yield variant("no source", lambda clean: parquet(clean, source=None), Refused("Column source is missing"))
    yield variant(
        "a column twice",
        lambda clean: written(table(clean).append_column("source", pa.nulls(len(clean.rows), pa.string()))),
        Refused("Column source stands in the file twice"),
    )
    yield variant("its end alone", lambda clean: parquet(clean)[-200:], Refused("damaged (ArrowInvalid)"))
    yield variant("its marks alone", lambda _: b"PAR1PAR1", Refused("damaged (ArrowInvalid)"))
    yield variant(
        "an enormous footer",
        lambda clean: parquet(clean)[:-8] + b"\xff\xff\xff\x7fPAR1",
        Refused("damaged (ArrowInvalid)"),
    )
    yield variant("locked", lambda clean: parquet(clean)[:-4] + b"PARE", Refused("damaged (OSError)"))
    yield variant("two put together", lambda clean: 2 * parquet(clean), unharmed(EVENT))


def columnar_variants() -> Iterator[Variant]:
    for family in (types, footers):
        yield from family()
