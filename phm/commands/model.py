"""`phm model`: the model of unmeasured hypertension, trained on a published month and read before it is switched on."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import print_table, say

if TYPE_CHECKING:
    from phm.store import Partition, Store

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
    from phm.feeds.deliveries import SYNTHETIC_MARKER
    from phm.risk.artefact import save
    from phm.risk.model_card import model_card, plots
    from phm.risk.training import train_and_test
    from phm.site import engine_of, store_of

    settings = load_settings()
    store = store_of(settings)
    partition = _published(store, month, icb)
    con = engine_of(settings)
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


@app.command()
def rank(
    out: Annotated[Path, typer.Option(help="CSV file to write: a row a person, by pseudonym, no other identifier.")],
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    icb: Annotated[str | None, typer.Option(help="ICB code, where several are published.")] = None,
    contacts: Annotated[
        int | None, typer.Option(help="How many people.", show_default="all who may be invited")
    ] = None,
) -> None:
    """Write whom to invite first: urgent tiers, then the highest modelled probability. Needs a model switched on."""
    from phm.config import load_settings
    from phm.errors import ConfigurationError
    from phm.risk.ranking import ranking
    from phm.site import engine_of, store_of

    settings = load_settings()
    store = store_of(settings)
    partition = _published(store, month, icb)
    con = engine_of(settings)
    risk, feature, member, hold = (
        store.read(con, table, partition) for table in ("person_risk", "person_feature", "cohort_member", "list_hold")
    )
    if risk.modelled_probability.notnull().sum().execute() == 0:
        raise ConfigurationError(
            "No model was switched on when this month was run",
            name=partition.key,
            hint="Train one with `phm model train`, name its version in phm.toml, then `phm run`.",
        )
    ranked = ranking(feature, member, hold, risk, reference_date=partition.reference_date).head(contacts)
    ranked.to_csv(out, index=False)
    say(f"{len(ranked):,} people, {ranked['is_urgent'].sum():,} of them urgent: {out}")


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


def _published(store: "Store", month: str | None, icb: str | None) -> "Partition":
    """The newest published month of those asked for."""
    from phm.errors import StoreError

    found = [p for p in store.partitions() if month in (None, p.month) and icb in (None, p.icb_code)]
    if not found:
        raise StoreError("No such month is published", name=month or icb, hint="Run `phm run` first.")
    return found[-1]
