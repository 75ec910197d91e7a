"""`phm cohorts overlap`: who is on several lists at once."""

from pathlib import Path
from typing import Annotated

import typer

from phm.commands.terminal import bar, print_table, say


def overlap(
    practice: Annotated[str | None, typer.Option(help="Practice code.")] = None,
    pcn: Annotated[str | None, typer.Option(help="PCN code: all its practices together.")] = None,
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM.", show_default="the newest")] = None,
    svg: Annotated[Path | None, typer.Option(help="Draw it as an upset plot into this file as well.")] = None,
) -> None:
    """Say how many people are on which lists at once, so that one invitation can serve several.

    Lists of use `practice` only. The counts are exact, for the own use of the practice or PCN; there are none for
    larger areas.
    """
    from phm.cohorts.definition import load_definitions
    from phm.cohorts.overlap import combinations
    from phm.config import load_settings
    from phm.errors import ConfigurationError
    from phm.lists.pull import find_practices
    from phm.site import engine_of, store_of

    if (practice is None) == (pcn is None):
        raise ConfigurationError("Name one practice or one PCN", name="--practice, --pcn", hint="Give exactly one.")
    settings = load_settings()
    store, con = store_of(settings), engine_of(settings)
    partition, codes = find_practices(con, store, month=month, practice_code=practice, pcn_code=pcn)
    member = store.read(con, "cohort_member", partition)
    titles = {d.id: d.title for d in load_definitions(settings.definitions) if d.use == "practice"}
    found = combinations(member.filter(member.practice_code.isin(codes)), cohort_ids=list(titles))
    say(f"{practice or pcn}, {partition.month}. Exact counts, for the own use of the practice or PCN.")
    listed = [cohort for cohort in titles if any(cohort in c.cohort_ids for c in found)]
    for number, cohort in enumerate(listed, 1):
        say(f"{number}  {cohort}: {sum(c.person_count for c in found if cohort in c.cohort_ids):,} people")
    most = max((c.person_count for c in found), default=0)
    marks = [tuple("●" if cohort in c.cohort_ids else "·" for cohort in listed) for c in found]
    rows = [(*mark, f"{c.person_count:,}", bar(c.person_count, most)) for mark, c in zip(marks, found, strict=True)]
    print_table((*map(str, range(1, len(listed) + 1)), "people", ""), rows)
    if svg and found:
        from phm.report.overlap_chart import upset

        svg.write_text(upset(found, titles), encoding="utf-8", newline="\n")
        say(str(svg))
