"""`phm evaluate`: how many people with true undiagnosed hypertension the pipeline finds in synthetic places."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import print_table, say

if TYPE_CHECKING:
    from phm.risk.judgement import Pooled

app = typer.Typer()

CANNOT_SHOW = (
    "What this cannot show: the people are invented by rules, and the model and the generator share ideas of what "
    "raises blood pressure. It shows that the machinery finds what was put in, not that it finds people in England: "
    "who attends, who is coded and what readings miss must be judged where it is used."
)


@app.command()
def evaluate(
    truth: Annotated[Path, typer.Option(help="Folder of truth files, <YYYY-MM>_<ICB code>.parquet.")] = Path(
        "feeds/truth"
    ),
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="all published")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="The places were run with `phm run --demo`.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Also write the tables and the yield curve into this folder.")
    ] = None,
) -> None:
    """Judge rankings on the truth: published synthetic places that have a truth file, each with a model of its own."""
    from phm.config import load_settings
    from phm.errors import StoreError
    from phm.governance.pseudonyms import Pseudonymiser
    from phm.risk.judgement import Pooled, judge, write
    from phm.site import engine_of, store_of
    from phm.synthetic.posterior import best_known

    settings = load_settings()
    store = store_of(settings)
    pseudonymiser = Pseudonymiser.demo() if demo else Pseudonymiser.from_key(settings.site_key, settings.key_path)
    places = [p for p in store.partitions() if month in (None, p.month) and (truth / f"{p.key}.parquet").exists()]
    if not places:
        raise StoreError(
            "No published month has a truth file", name=str(truth), hint="Run `phm synth`, then `phm run`, then this."
        )
    con = engine_of(settings)
    judged = [judge(con, store, p, truth / f"{p.key}.parquet", pseudonymiser, best=best_known) for p in places]
    tell(Pooled(judged))
    if out:
        write(Pooled(judged), out, note=CANNOT_SHOW)


def tell(found: "Pooled", /) -> None:
    """Print tables and targets, and what they cannot show."""
    say(found.says)
    for title, table in found.tables().items():
        say(f"\n{title}")
        print_table(tuple(table.columns), [tuple(map(str, row)) for row in table.itertuples(index=False)])
    say("")
    for target in found.targets():
        say(f"{'met    ' if target.is_met else 'NOT MET'} {target.says}")
    say(f"\n{CANNOT_SHOW}")
