"""`phm synth`: make a synthetic place, and say how near it comes to England."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import print_table, progress, say

if TYPE_CHECKING:
    from phm.synthetic.reference import ReferenceFiles

app = typer.Typer()

DEMO_MONTH = "2026-10"
DEMO_ICB = "QZZ"

Out = Annotated[Path, typer.Option(help="Folder of deliveries: <out>/<YYYY-MM>/<ICB code>/.")]
Month = Annotated[str, typer.Option(help="Month, YYYY-MM. Months of one window are the same people.")]
PublishedFile = Annotated[Path | None, typer.Option(help="This file of the reference, where several would do.")]


@app.callback(invoke_without_command=True)
def synth(
    context: typer.Context,
    out: Out = Path("feeds"),
    month: Month = DEMO_MONTH,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    people: Annotated[int | None, typer.Option(help="Number of people.", show_default="about 200,000")] = None,
    reference: Annotated[
        Path | None, typer.Option(help="Folder of published files whose practice by LSOA counts are to be equalled.")
    ] = None,
    icb: Annotated[str, typer.Option(help="ICB code; one to take from the published files.")] = DEMO_ICB,
    register: PublishedFile = None,
    membership: PublishedFile = None,
    deprivation: PublishedFile = None,
    lsoa_lookup: PublishedFile = None,
) -> None:
    """Make a synthetic place: registers, events, medication, attendances, maps. No real person is in it."""
    if context.invoked_subcommand:
        return
    from phm.synthetic.reference import choose

    files = None
    if reference:
        named = {
            "register": register, "membership": membership, "deprivation": deprivation, "lsoa_lookup": lsoa_lookup
        }  # fmt: skip
        files = choose(reference, month=month, icb_code=icb, **named)
        for name in named:
            say(f"{name.replace('_', ' ')}: {getattr(files, name)}")
    synthesise(out, month=month, seed=seed, people=people, icb_code=icb, reference=files)


@app.command()
def report(
    out: Out = Path("feeds"),
    month: Month = DEMO_MONTH,
    icb: Annotated[str, typer.Option(help="ICB code.")] = DEMO_ICB,
    full: Annotated[bool, typer.Option("--full", help="Every figure, not only those that are missed.")] = False,
) -> None:
    """Compare a synthetic delivery with figures published for England, figure by figure."""
    from phm.synthetic.calibration import compare, published_figures

    compared = compare(out / month / icb, out / "truth" / f"{month}_{icb}.parquet", month=month)
    rows = []
    for found in compared:
        figure = found.figure
        if full or not found.is_within:
            numbers = [f"{number:,.2f}" for number in (figure.value, found.achieved, found.difference)]
            source = "; ".join(filter(None, (f"{figure.source}, {figure.period}", figure.remark)))
            rows.append((figure.measure, figure.who, *numbers, "yes" if found.is_within else "no", source))
    print_table(("Figure", "Who", "Published", "Achieved", "Difference", "Within", "Source; remark"), rows)
    within = sum(found.is_within for found in compared)
    say(
        f"{within} of {len(compared)} usable figures ({within / len(compared):.0%}) are met within 10%, or one point "
        f"under 10%; {len(published_figures()) - len(compared)} figures that were read cannot be compared."
    )


def synthesise(
    out: Path,
    /,
    *,
    month: str,
    seed: int = 1,
    people: int | None = None,
    icb_code: str = DEMO_ICB,
    reference: "ReferenceFiles | None" = None,
) -> None:
    """Make the place and say what was made."""
    from phm.synthetic.delivery import DEMO_PEOPLE, generate

    with progress(f"Synthetic place {icb_code}, {month}") as listener:
        made = generate(
            out,
            month=month,
            seed=seed,
            icb_code=icb_code,
            people=people or DEMO_PEOPLE,
            reference=reference,
            workers=min(os.cpu_count() or 1, 4),
            progress=lambda done, total, code: listener(f"practice {code}", done, total),
        )
    rows = ", ".join(f"{count:,} {feed}" for feed, count in made.row_counts.items())
    say(f"{made.people_count:,} people of {made.practice_count} practices in {made.folder}: {rows}")
