"""`phm deprivation`: how deprived the people of published registers are, and where they live."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from phm.commands.terminal import print_table, say

if TYPE_CHECKING:
    from ibis.expr.types import Table

    from phm.core.area_files import Areas

app = typer.Typer(no_args_is_help=True, help="Deprivation of practices, PCNs, places and ICBs, and PCN boundaries.")

Register = Annotated[Path, typer.Option(help="Patients by practice and LSOA (gp-reg-pat-prac-lsoa).")]
Map = Annotated[Path, typer.Option("--map", help="Practice map (gp-reg-pat-prac-map).")]
Pcn = Annotated[Path | None, typer.Option(help="ePCN, whose dated memberships count.")]
SubIcbs = Annotated[Path | None, typer.Option(help="With --pcn: ICB and region of each sub-ICB location.")]
Places = Annotated[Path | None, typer.Option(help="Local map of practices to places.")]
Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day PCNs are as at.", show_default="that of the map")
]
Index = Annotated[Path, typer.Option("--imd", help="Index with ranks and deciles (File 1 or File 7).")]
Area = Annotated[str | None, typer.Option(help="Only the area with this code, in full.", show_default="all areas")]


@app.command()
def score(
    register: Register,
    map_file: Map,
    imd: Index,
    scores: Annotated[
        Path | None, typer.Option(help="Scores of the index, where --imd has none, and of its domains.")
    ] = None,
    lookup: Annotated[
        Path | None, typer.Option(help="ONS lookup, where register and index are on other LSOAs.")
    ] = None,
    pcn: Pcn = None,
    sub_icbs: SubIcbs = None,
    places: Places = None,
    as_at: Day = None,
    by: Annotated[Literal["practice", "pcn", "place", "sub_icb", "icb"], typer.Option(help="Kind of area.")] = "pcn",
    area: Area = None,
    domains: Annotated[
        bool, typer.Option("--domains", help="Mean scores of the domains instead of quintiles, where delivered.")
    ] = False,
) -> None:
    """Print the deprivation of areas: mean score of their people, Core20, quintiles, and everybody unmatched."""
    from phm.core.deprivation import area_deprivation, check_match, check_placed, match_people

    files = {"index": imd, "scores": scores, "lookup": lookup}
    areas = _read(
        register, map_file, core_partners=pcn, sub_icbs=sub_icbs, places=places, as_at=as_at, **files
    )  # fmt: skip
    match = match_people(areas.homes, areas.index.areas)
    say(f"Deprivation is {areas.index.name}; areas matched: {match.mapping()}.")
    say(f"{match.summary()}.")
    for warning in [*check_match(match), *check_placed(areas.homes, areas.practices)]:
        say(f"Warning: {warning}")
    found = _chosen(
        area_deprivation(areas.homes, areas.index.areas, areas.practices, area=f"{by}_code"), "area_code", area
    )
    if area:
        print_table(("what", "value"), [(name, _text(value)) for name, value in found[0].items()])
        return
    headings = {"area_code": by, "patient_count": "patients", "matched_count": "matched", "imd_score": "IMD score"}
    if domains:
        _print(found, headings | _domains(found[0]))
        return
    quintiles = {f"quintile_{n}_count": f"quintile {n}" for n in range(1, 6)}
    _print(found, headings | {"core20_pct": "Core20 %"} | quintiles)


@app.command()
def boundary(
    register: Register,
    map_file: Map,
    imd: Annotated[
        Path | None,
        typer.Option(help="Index on the register's LSOAs, for the local authorities.", show_default="unknown"),
    ] = None,
    pcn: Pcn = None,
    sub_icbs: SubIcbs = None,
    as_at: Day = None,
    by: Annotated[Literal["practice", "pcn"], typer.Option(help="Kind of area.")] = "pcn",
    area: Area = None,
) -> None:
    """Print where the people of PCNs or practices live: inside its boundary or not, and in how many areas.

    Those whose people live farthest afield come first.
    """
    from phm.core.boundary import home_districts, pcn_boundary, pcn_facts, practice_facts
    from phm.core.deprivation import check_placed

    areas = _read(register, map_file, core_partners=pcn, sub_icbs=sub_icbs, index=imd, as_at=as_at)
    for warning in check_placed(areas.homes, areas.practices):
        say(f"Warning: {warning}")
    districts = areas.index.areas if areas.index else None
    if by == "practice":
        facts = practice_facts(areas.homes, areas.practices, districts=districts)
        facts = facts.order_by(facts.outside_icb_pct.desc(nulls_first=False), "practice_code")
    else:
        inside = pcn_boundary(areas.homes, areas.practices).cache()
        facts = pcn_facts(areas.homes, areas.practices, inside, districts=districts)
        facts = facts.order_by(facts.inside_pct.asc(nulls_first=False), "pcn_code")
    found = _chosen(facts, f"{by}_code", area)
    if not area:
        _print(found, {name: name.replace("_", " ") for name in found[0]})
        return
    print_table(("what", "value"), [(name.replace("_", " "), _text(value)) for name, value in found[0].items()])
    if districts is not None:
        members = areas.practices.filter(areas.practices[f"{by}_code"] == area)
        lived_in = home_districts(areas.homes.semi_join(members, "practice_code"), districts)
        headings = {"lad_code": "local authority", "lad_name": "name", "patient_count": "patients"}
        _print(lived_in.limit(10).to_pyarrow().to_pylist(), headings)


def _domains(row: dict[str, Any]) -> dict[str, str]:
    """Columns of the domains' scores, with their headings."""
    from phm.errors import ConfigurationError

    found = {name: name.removesuffix("_score") for name in row if name.endswith("_score") and name != "imd_score"}
    if not found:
        raise ConfigurationError(
            "The index has no scores of domains", name="--domains", hint="Name a file that has with --scores (File 7)."
        )
    return found


def _read(register: Path, map_file: Path, *, as_at: datetime | None, **others: Path | None) -> "Areas":
    from phm.config import load_settings
    from phm.core.area_files import AreaFiles, read_areas
    from phm.engine import connect

    settings = load_settings()
    con = connect(threads=settings.threads, memory_limit=settings.memory_limit)
    return read_areas(con, AreaFiles(register, map_file, **others), as_at=as_at.date() if as_at else None)


def _chosen(table: "Table", key: str, code: str | None) -> list[dict[str, Any]]:
    """All rows, or the one of an area."""
    from phm.errors import ConfigurationError

    rows = table.to_pyarrow().to_pylist()
    chosen = [row for row in rows if code in (None, row[key])]
    if not chosen:
        raise ConfigurationError(
            "No such area has people in the register", name=str(code), hint="Check the code, and --by for its kind."
        )
    return chosen


def _print(rows: Sequence[dict[str, Any]], headings: dict[str, str]) -> None:
    print_table(tuple(headings.values()), [tuple(_text(row[name]) for name in headings) for row in rows])


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
