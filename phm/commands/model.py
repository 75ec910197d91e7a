"""`phm model`: the model of unmeasured hypertension, trained on a published month and read before it is switched on."""

from typing import Annotated

import typer

from phm.commands.terminal import print_table, say

app = typer.Typer(
    no_args_is_help=True, help="The model of unmeasured hypertension; off until phm.toml names a version."
)


@app.command()
def train(
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    icb: Annotated[str | None, typer.Option(help="ICB code, where several are published.")] = None,
) -> None:
    """Train a model on a published month's records, test it on a later year and write its card. Switches nothing on."""
    from phm.config import load_settings
    from phm.engine import connect
    from phm.errors import StoreError
    from phm.feeds.deliveries import SYNTHETIC_MARKER
    from phm.risk.artefact import save
    from phm.risk.model_card import model_card, plots
    from phm.risk.training import train_and_test
    from phm.store import Store

    settings = load_settings()
    store = Store(settings.home, settings.vault)
    found = [p for p in store.partitions() if month in (None, p.month) and icb in (None, p.icb_code)]
    if not found:
        raise StoreError("No such month is published", name=month or icb, hint="Run `phm run` first.")
    partition = found[-1]
    con = connect(threads=settings.threads, memory_limit=settings.memory_limit)
    event, person = (store.read(con, table, partition) for table in ("core_event", "core_person"))
    trained = train_and_test(event, person, reference_date=partition.reference_date)
    card = model_card(
        trained.record,
        kept=trained.fitted.name,
        trained_on=partition.key,
        is_synthetic=SYNTHETIC_MARKER in store.manifest(partition)["inputs"],
    )
    files = {"card.md": card, **plots(trained.record)}
    folder = save(trained.fitted, trained.record, home=settings.home, trained_on=partition.key, card=files)
    slope = trained.record["slope"]
    say(f"{trained.fitted.name}; calibration slope in the test year {slope['value']:.2f}")
    say(f'Read {folder / "card.md"}, then name the version in phm.toml:\nundiagnosed_model = "{folder.name}"')


@app.command(name="list")
def list_versions() -> None:
    """List the versions there are, and which one is switched on."""
    from phm.config import load_settings
    from phm.risk.artefact import models_folder, versions

    settings = load_settings()
    rows = [
        (
            version,
            "on" if version == settings.undiagnosed_model else "off",
            str(models_folder(settings.home) / version / "card.md"),
        )
        for version in versions(settings.home)
    ]
    if rows:
        print_table(("version", "state", "card"), rows)
    else:
        say(f"There is no model in {models_folder(settings.home)}. Make one with `phm model train`.")
