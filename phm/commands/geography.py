"""`phm geography`: practices and the areas they belong to, as at a date."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from phm.commands.terminal import print_table, say

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from phm.core.as_at import AsAt

app = typer.Typer(no_args_is_help=True, help="Practices, PCNs, places, ICBs and regions as at a date.")

NAMED_PRACTICES = 5
"""Practices named for one kind of change; the others are counted."""

FileOfMap = Annotated[
    Path | None, typer.Option("--map", help="Instead of a published month: a practice map (gp-reg-pat-prac-map).")
]
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="With --map: the day asked about.", show_default="that of the map"),
]


@app.command()
def check(
    month: Annotated[
        str | None, typer.Option(help="Published month, YYYY-MM: all its ICBs.", show_default="the newest")
    ] = None,
    map_file: FileOfMap = None,
    as_at: Day = None,
    pcn: Annotated[Path | None, typer.Option(help="With --map: ePCN, whose dated memberships count.")] = None,
    list_sizes: Annotated[
        Path | None, typer.Option(help="With --map: patients by practice, by practice and LSOA, or of PCNs by age.")
    ] = None,
    sub_icbs: Annotated[
        Path | None, typer.Option(help="With --map and --pcn: ICB and region of each sub-ICB location.")
    ] = None,
    successors: Annotated[
        Path | None, typer.Option(help="Successor organisations (succ): who took over from practices that are gone.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Published month or practice map to compare with.", show_default="month before")
    ] = None,
) -> None:
    """Print what is odd as at a date: spanning PCNs, practices in no PCN, PCNs outside 30,000 to 50,000, changes.

    What is odd is for somebody to look at: the exit code is 0 unless something cannot be read.
    """
    from phm.config import load_settings
    from phm.core.as_at import of_files, of_month
    from phm.errors import ConfigurationError
    from phm.feeds.published import read_published
    from phm.site import engine_of, store_of

    settings = load_settings()
    store = store_of(settings)
    con = engine_of(settings)
    with_map = {"--as-at": as_at, "--pcn": pcn, "--list-sizes": list_sizes, "--sub-icbs": sub_icbs}
    misplaced = ["--month"] if map_file and month else [name for name in with_map if with_map[name] and not map_file]
    if misplaced:
        raise ConfigurationError(
            "A published month and a practice map are asked about in different ways",
            name=", ".join(misplaced),
            hint="Give --month, or --map with what goes with it.",
        )
    if map_file is None:
        asked = of_month(con, store, month=month, against=against)
    else:
        asked = of_files(
            con,
            map_file,
            day=as_at.date() if as_at else None,
            pcn_file=pcn,
            list_size_file=list_sizes,
            sub_icb_file=sub_icbs,
            against=against,
            store=store,
        )
    if successors:
        asked = replace(asked, succession=read_published(con, successors, "practice_successor"))
    for section in sections(asked):
        say(section.title)
        if section.rows:
            print_table(section.headings, list(section.rows))


@dataclass(frozen=True)
class Section:
    """One finding in words: a sentence, and the rows behind it where there are any."""

    title: str
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def sections(asked: "AsAt") -> Iterator[Section]:
    """What a check says: counts first, then each kind of oddity."""
    from phm.core.oddities import CHANGES, changes, inconsistencies, spanning_pcns, unexplained_moves

    practices = asked.practices
    yield Section(_counted(asked))
    yield _section(
        "{} codes are in none or several of the level above",
        inconsistencies(practices).order_by("level", "code"),
        {"level": "level", "code": "code", "found": "found in"},
    )
    yield _section(
        "{} parts of PCNs that span sub-ICB locations",
        spanning_pcns(practices).order_by("pcn_code", "icb_code", "sub_icb_code"),
        {
            "pcn_code": "PCN",
            "pcn_name": "name",
            "icb_code": "ICB",
            "sub_icb_code": "sub-ICB",
            "practice_count": "practices",
        },
    )
    yield _orphaned(asked)
    if asked.pcn_patients is not None:
        yield from _sizes(practices, asked.pcn_patients)
    if asked.before is None:
        yield Section("Compared with nothing before: name a month or a practice map with --against")
    else:
        changed = _fetched(changes(practices, asked.before).order_by("practice_code"))
        yield from (_changed(what, [row for row in changed if row["what"] == what]) for what in CHANGES)
        yield _section(
            "{} practices left an ICB that is still there, which no merger explains",
            unexplained_moves(practices, asked.before).order_by("practice_code"),
            {"practice_code": "practice", "from_code": "from", "to_code": "to"},
        )
        if asked.succession is not None:
            yield _succeeded([row["practice_code"] for row in changed if row["what"] == "gone"], asked)


def _counted(asked: "AsAt") -> str:
    from phm.core.memberships import UNALLOCATED_PCN

    practices = asked.practices
    in_pcn = practices.pcn_code != UNALLOCATED_PCN
    (found,) = _fetched(
        practices.agg(
            practices=practices.count(),
            pcns=practices.pcn_code.nunique(where=in_pcn),
            sub_icbs=practices.sub_icb_code.nunique(),
            icbs=practices.icb_code.nunique(),
            regions=practices.region_code.nunique(),
        )
    )
    areas = "{pcns:,} PCNs, {sub_icbs} sub-ICB locations, {icbs} ICBs, {regions} regions"
    return f"As at {asked.day}: {{practices:,}} practices, {areas}".format(**found)


def _orphaned(asked: "AsAt") -> Section:
    """Practices in no PCN with the reason; where list sizes are known those with patients, and how many these are."""
    from phm.core.oddities import orphans

    rows = _fetched(orphans(asked.practices, asked.list_sizes).order_by("reason", "practice_code"))
    patients = sum(row["patient_count"] or 0 for row in rows)
    known = "" if asked.list_sizes is None else f" with {patients:,} patients"
    columns = {"practice_code": "practice", "practice_name": "name", "patient_count": "patients", "reason": "why"}
    return _section(f"{{}} practices{known} are in no PCN", rows, columns)


def _sizes(practices: "Table", pcn_patients: "Table") -> Iterator[Section]:
    """How many PCNs have which size, and those so small or large that somebody should ask why."""
    from phm.core.oddities import FLAGGED_SIZES, SIZES, pcn_sizes

    sizes = _fetched(pcn_sizes(practices, pcn_patients).order_by("patient_count", "pcn_code"))
    counts = {size: [row["patient_count"] for row in sizes if row["size"] == size] for size in SIZES}
    yield Section(
        f"{len(sizes):,} PCNs have {sum(row['patient_count'] for row in sizes):,} patients",
        ("patients of a PCN", "PCNs", "patients"),
        tuple((size, f"{len(of_size):,}", f"{sum(of_size):,}") for size, of_size in counts.items()),
    )
    flagged = [row for row in sizes if row["size"] in FLAGGED_SIZES]
    headings = {"pcn_code": "PCN", "pcn_name": "name", "practice_count": "practices", "patient_count": "patients"}
    yield _section(f"{{}} PCNs are {' or '.join(FLAGGED_SIZES)}", flagged, headings)


_CHANGE_TITLES = {
    "new": "{} practices are new",
    "gone": "{} practices are gone",
    "pcn": "{} practices changed PCN",
    "sub_icb": "{} practices changed sub-ICB location",
    "icb": "{} practices changed ICB",
    "region": "{} practices changed region",
}


def _changed(what: str, rows: list[dict[str, Any]]) -> Section:
    """One kind of change: a row for each pair of areas, with the practices that went the same way."""
    ways: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        ways.setdefault((row["from_code"] or "", row["to_code"] or ""), []).append(row["practice_code"])
    return Section(
        _CHANGE_TITLES[what].format(f"{len(rows):,}"),
        ("from", "to", "practices", "which"),
        tuple((*way, f"{len(codes):,}", _named(codes)) for way, codes in sorted(ways.items())),
    )


def _succeeded(gone: list[str], asked: "AsAt") -> Section:
    """Who stands in the place of practices that are gone."""
    from phm.core.successors import successors

    found = successors(asked.succession, gone, as_at=asked.day)
    return Section(
        f"{len(found):,} of the practices that are gone have a successor",
        ("practice", "succeeded by"),
        tuple((code, ", ".join(later)) for code, later in found.items()),
    )


def _named(codes: list[str]) -> str:
    more = len(codes) - NAMED_PRACTICES
    return ", ".join(codes[:NAMED_PRACTICES]) + (f" and {more:,} more" if more > 0 else "")


def _section(title: str, found: "Table | list[dict[str, Any]]", headings: dict[str, str]) -> Section:
    rows = found if isinstance(found, list) else _fetched(found)
    cells = tuple(tuple(_text(row[column]) for column in headings) for row in rows)
    return Section(title.format(f"{len(rows):,}"), tuple(headings.values()), cells)


def _fetched(table: "Table") -> list[dict[str, Any]]:
    return table.to_pyarrow().to_pylist()


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value if value is not None else "")
