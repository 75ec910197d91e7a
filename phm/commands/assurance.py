"""`phm cohorts assure`: the hand-written people of definitions, and whether they would notice a change."""

from typing import TYPE_CHECKING, Annotated

import typer

from phm.commands.terminal import print_table, say

if TYPE_CHECKING:
    from phm.cohorts.assurance import Verdict
    from phm.cohorts.mutation import Score


def assure(
    ids: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", help="Shipped definitions.", show_default="all")
    ] = None,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Change each definition in every small way; each change must be noticed.")
    ] = False,
) -> None:
    """Send hand-written people through definitions: a verdict on each. Exit code 1 where one ends elsewhere."""
    from phm.cohorts.assurance import assure as verdicts_on
    from phm.cohorts.assurance import cases_of
    from phm.cohorts.definition import library, load_definition
    from phm.cohorts.mutation import mutation_score
    from phm.errors import CheckFailed

    wrong = []
    for name in ids or library():
        definition = load_definition(name)
        cases = cases_of(definition)
        verdicts = verdicts_on(definition, cases)
        print_table(("line", "person", "expected", "found", "verdict"), [_row(verdict) for verdict in verdicts])
        failed = sum(bool(verdict.wrong) for verdict in verdicts)
        say(f"{definition.id} {definition.version}: {len(verdicts)} people, {failed or 'none'} not as expected.")
        if failed:
            wrong.append(definition.id)
        elif mutate:
            score = mutation_score(definition, cases)
            _say_score(definition.id, score)
            if score.surviving:
                wrong.append(definition.id)
    if wrong:
        raise CheckFailed(
            "Hand-written people do not bear definitions out",
            name=", ".join(wrong),
            hint="Mend the definition, or the people in the .assurance.md beside it: whichever is wrong.",
        )


def _row(verdict: "Verdict") -> tuple[str, ...]:
    """Where somebody ends, or whatever else came out otherwise than written."""
    shown = verdict.wrong or ("expected",)
    expected, found = ("; ".join(side[name] for name in shown) for side in (verdict.case.expected, verdict.found))
    return str(verdict.case.line), verdict.case.title, expected, found, "WRONG" if verdict.wrong else "as expected"


def _say_score(name: str, score: "Score") -> None:
    if score.surviving:
        rows = [(str(line or ""), mutant.name) for line, mutant in score.surviving]
        print_table(("line", "change that nobody notices"), rows)
    say(
        f"{name}: {score.percent:.1f}% of {len(score.noticed) + len(score.surviving)} changes are noticed"
        f"; {len(score.argued)} more make no difference, for the reasons given."
    )
