"""`phm cohorts funnel`: how a population became a list, as it was published."""

from typing import Annotated

import typer

from phm.commands.terminal import markdown_table, print_table, say


def funnel(
    cohort: Annotated[str, typer.Argument(metavar="ID", help="Id of a definition.")],
    pcn: Annotated[str | None, typer.Option(help="PCN code.", show_default="the whole ICB")] = None,
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    icb: Annotated[str | None, typer.Option(help="ICB code, where several are published.")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a table for a page.")] = False,
) -> None:
    """Show the steps of a cohort for an ICB or one PCN: who was looked at, who left out, how many in each tier.

    Only published, disclosure-controlled counts are used: they can be passed on.
    """
    from phm.cohorts.definition import load_definition
    from phm.cohorts.flow import due_words
    from phm.cohorts.parts import LIST
    from phm.commands.published import published_partition
    from phm.config import load_settings
    from phm.errors import StoreError
    from phm.report.rendering import count
    from phm.site import engine_of, store_of

    settings = load_settings()
    definition = load_definition(cohort, settings.definitions)
    store = store_of(settings)
    partition = published_partition(store, month=month, icb_code=icb)
    table = store.read(engine_of(settings), "area_attrition", partition)
    wanted = (table.area_type == "pcn") & (table.area_code == pcn) if pcn else table.area_type == "icb"
    steps = table.filter(wanted, table.cohort_id == definition.id).order_by("step_order").to_pandas()
    if steps.empty:
        raise StoreError(
            f"No steps of {definition.id} are published for it in {partition.month}",
            name=pcn or partition.icb_code,
            hint="The site may not evaluate this cohort (setting cohorts), or the code is of another month.",
        )
    due = {tier.id: due_words(tier.due_days) for tier in definition.outputs[LIST].tiers}
    title = f"{definition.title}; {steps['area_name'].iloc[0]} ({steps['area_code'].iloc[0]}), {partition.month}"
    rows = [
        (
            step.kind.replace("_", " "),
            step.label,
            due.get(step.step, "") if step.kind == "tier" else "",
            count(step.person_count),
            count(step.remaining_count),
        )
        for step in steps.itertuples(index=False)
    ]
    say(f"{title}. Published counts: 1 to 7 withheld, others rounded.")
    (markdown_table if markdown else print_table)(("", "step", "due", "people", "left"), rows)
