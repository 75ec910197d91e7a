"""`phm cohorts`: definitions read, checked, compared and tried out, and how one person came through them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands import assurance, funnel, overlap
from phm.commands.terminal import bar, console, print_table, say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ibis import BaseBackend

    from phm.cohorts.parts import Definition
    from phm.cohorts.trail import Stage
    from phm.errors import DefinitionError
    from phm.store import Store

app = typer.Typer(no_args_is_help=True, help="Definitions of cohorts: who is listed, why, and what to do.")
app.command()(assurance.assure)
app.command()(funnel.funnel)
app.command()(overlap.overlap)

Name = Annotated[str, typer.Argument(metavar="ID", help="Id of a definition, or its YAML file.")]
Month = Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")]
Practice = Annotated[str, typer.Option(help="Practice code.")]

_EXACT = "Exact counts, for the practice's own use."


@app.command("list")
def show_all() -> None:
    """List every definition: shipped ones and those in your own folder."""
    from phm.cohorts.definition import library, load_definitions

    own = _own_folder()
    shipped = library()
    rows = [
        (d.id, d.version, d.title, d.use, d.clinical_sign_off, "phm" if d.id in shipped else str(own))
        for d in load_definitions(own)
    ]
    print_table(("id", "version", "title", "use", "sign-off", "from"), rows)


@app.command()
def show(
    cohort: Name,
    markdown: Annotated[bool, typer.Option("--markdown", help="The page as Markdown, with its diagram.")] = False,
) -> None:
    """Show a definition as a clinician reads it: who, who not, thresholds, actions, reasons, sources."""
    from phm.cohorts.page import page, summary_page

    definition = _definition(cohort)
    if markdown:
        sys.stdout.write(page(definition))
    elif sys.stdout.isatty():
        from rich.markdown import Markdown

        console().print(Markdown(summary_page(definition)), soft_wrap=False)
    else:
        sys.stdout.write(summary_page(definition))


@app.command()
def pages(out: Annotated[Path, typer.Option(help="Folder of the pages.")]) -> None:
    """Write the page of every shipped definition."""
    from phm.cohorts.definition import load_definitions
    from phm.cohorts.page import page

    out.mkdir(parents=True, exist_ok=True)
    for definition in load_definitions():
        (out / f"{definition.id}.md").write_text(page(definition), encoding="utf-8", newline="\n")
        say(str(out / f"{definition.id}.md"))


@app.command()
def check(
    files: Annotated[list[Path] | None, typer.Argument(help="Files.", show_default="every definition")] = None,
) -> None:
    """Say everything wrong with definitions, with its lines; without files also whether published versions stand."""
    from phm.errors import DefinitionError

    problems = list(_problems_of_files(files) if files else _problems_of_all())
    for problem in problems:
        say(f"{problem.name}: {problem.what}. {problem.hint}")
    if problems:
        sys.exit(DefinitionError.exit_code)
    say("Nothing is wrong.")


@app.command()
def freeze() -> None:
    """Write down every version that has no line in published.csv; from then on it cannot change its meaning."""
    from phm.cohorts.definition import library, load_definition
    from phm.cohorts.published import freeze as add_lines

    own = _own_folder()
    files = library(own)
    for folder in sorted({path.parent for path in files.values()}):
        for added in add_lines(folder, [load_definition(path) for path in files.values() if path.parent == folder]):
            say(f"{added.id} {added.version} is published")


@app.command()
def diff(before: Name, after: Name) -> None:
    """Say what changed between two definitions, in a clinician's words."""
    from phm.cohorts.differences import differences

    for sentence in differences(_definition(before), _definition(after)) or ["Nothing differs."]:
        say(sentence)


@app.command()
def preview(cohort: Name, practice: Practice, month: Month = None) -> None:
    """Try a definition on one practice's published month: counts of every step, no names.

    The counts are exact, for the practice's own use.
    """
    from phm.cohorts.evaluate import evaluate
    from phm.cohorts.facts import published_facts
    from phm.lists.pull import find_practices

    definition, store, con = _definition(cohort), _store(), _engine()
    _require_list(definition)
    partition, _ = find_practices(con, store, month=month, practice_code=practice, pcn_code=None)
    facts = published_facts(con, store, partition, definition.id)
    result = evaluate(
        definition, facts.filter(facts.practice_code == practice), reference_date=partition.reference_date
    )
    steps = result.attrition.order_by("step_order").to_pyarrow().to_pylist()
    say(f"{definition.title}, {definition.version}; {practice}, {partition.month}. {_EXACT}")
    most = max((step["remaining_count"] for step in steps), default=0)
    rows = [
        (s["kind"].replace("_", " "), s["label"], f"{s['person_count']:,}", f"{s['remaining_count']:,}",
         bar(s["remaining_count"], most))
        for s in steps
    ]  # fmt: skip
    print_table(("", "step", "people", "left", ""), rows)
    outputs = result.member.group_by("output").aggregate(people=lambda t: t.count()).order_by("output")
    for row in outputs.to_pyarrow().to_pylist():
        say(f"{definition.outputs[row['output']].title}: {row['people']:,}")


@app.command()
def why(
    cohort: Name,
    nhs_number: Annotated[str, typer.Option(help="NHS number; `-` reads it unseen from the keyboard or a pipe.")] = "-",
    month: Month = None,
    reason: Annotated[str, typer.Option(help="Why you ask; goes into the audit.")] = "checking why a person is listed",
) -> None:
    """Show one person's way through a definition, with the values that decided. Needs the vault, and is audited."""
    import datetime as dt
    import getpass

    from phm.cohorts.facts import published_facts
    from phm.cohorts.trail import trail
    from phm.governance.audit import Enquiry, record_enquiry
    from phm.governance.people import find_person

    definition, store, con = _definition(cohort), _store(), _engine()
    _require_list(definition)
    partition, person_id = find_person(con, store, _read_number() if nhs_number == "-" else nhs_number, month=month)
    facts = published_facts(con, store, partition, definition.id)
    person = facts.filter(facts.person_id == person_id)
    stages = trail(definition, person, reference_date=partition.reference_date)
    enquiry = Enquiry(
        user=getpass.getuser(),
        asked_at=dt.datetime.now(dt.UTC),
        person_id=person_id,
        practice_code=person.practice_code.to_pyarrow().to_pylist()[0],
        cohort_id=definition.id,
        definition_version=definition.version,
        definition_hash=definition.sha256,
        reference_date=partition.reference_date,
        reason=reason,
    )
    record_enquiry(store.vault / "audit.jsonl", enquiry)
    say(f"{definition.title}, {definition.version}; as at {partition.reference_date:%d %B %Y}\n")
    published = store.version("cohort_member", partition).record.get("definitions", {}).get(definition.id)
    if published and published[1] != definition.sha256:
        say(f"The published list was made with version {published[0]}, which said something else.\n")
    for stage in stages:
        _say_stage(stage)
    say(_ending(stages))


def _say_stage(stage: "Stage") -> None:
    say(f"{'YES' if stage.holds else 'no '}  {stage.kind}: {stage.label}")
    for check in stage.checks:
        values = ", ".join(f"{name} {value}" for name, value in check.values)
        say(f"       {'holds' if check.holds else 'fails'}: {check.words}{f' [{values}]' if values else ''}")


def _ending(stages: "tuple[Stage, ...]") -> str:
    last = stages[-1]
    if last.kind == "population" and not last.holds:
        return "\nNot looked at by this definition."
    if last.kind == "output":
        return f"\nOn a separate output: {last.label}." if last.holds else "\nLeft out, and on no separate output."
    if not last.holds:
        return "\nNo criterion met: not listed."
    return f"\nListed: {last.label}." if last.kind == "tier" else f"\nLeft out: {last.label}."


def _read_number() -> str:
    """The NHS number typed unseen, or the first line of what is piped in: neither stays in a shell's history."""
    return typer.prompt("NHS number", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()


def _problems_of_files(files: list[Path]) -> "Iterator[DefinitionError]":
    from phm.cohorts.published import check_unchanged, published_versions
    from phm.cohorts.reading import read
    from phm.errors import DefinitionError

    for path in files:
        try:
            definition, problems = read(path)
            yield from problems
            if definition is not None:
                check_unchanged(definition, published_versions(path.parent))
        except DefinitionError as error:
            yield error


def _problems_of_all() -> "Iterator[DefinitionError]":
    from phm.cohorts.definition import library, load_definition
    from phm.cohorts.published import check_published, published_versions
    from phm.errors import DefinitionError

    own = _own_folder()
    for name, path in library(own).items():
        wrong = list(_problems_of_files([path]))
        yield from wrong
        if not wrong:
            try:
                check_published(load_definition(name, own), published_versions(path.parent))
            except DefinitionError as error:
                yield error


def _require_list(definition: "Definition") -> None:
    from phm.errors import DefinitionError

    if definition.use == "planning":
        raise DefinitionError(
            "This definition is for planning: it makes counts for areas, and no list of people",
            name=definition.id,
            hint="See the report.",
        )


def _definition(name: str) -> "Definition":
    from phm.cohorts.definition import load_definition

    return load_definition(name, _own_folder())


def _own_folder() -> Path | None:
    from phm.config import load_settings

    return load_settings().definitions


def _store() -> "Store":
    from phm.config import load_settings
    from phm.site import store_of

    settings = load_settings()
    return store_of(settings)


def _engine() -> "BaseBackend":
    from phm.config import load_settings
    from phm.site import engine_of

    settings = load_settings()
    return engine_of(settings)
