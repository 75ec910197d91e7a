"""The page of one PCN: both its goals, its practices, its lists, what changed, who its people are."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from phm.cohorts.parts import Definition
from phm.measures.definition import Measure
from phm.measures.groups import SEXES
from phm.report.compare import Comparison
from phm.report.know_your_pcn import LIST_SIZE, sentences
from phm.report.pcn_lists import cascade, list_changes, on_lists
from phm.report.rendering import day, number
from phm.report.scorecard import differences, interval_basis, intervals
from phm.report.shown import Area, Shown
from phm.report.site_pages import Page, page_of_measure, page_of_pcn
from phm.report.tables import Table
from phm.report.wording import GOALS, against_before, judged, quantity, unit_title


def pcn_page(
    code: str,
    name: str,
    facts: Mapping[str, Any],
    /,
    *,
    months: Mapping[str, Shown],
    practices: Mapping[str, str],
    compared: Sequence[Comparison],
    cascades: Sequence[Measure],
    steps: pd.DataFrame,
    steps_before: pd.DataFrame | None,
    cohorts: Sequence[Definition],
) -> Page:
    """The page as HTML with its tables.

    Parameters
    ----------
    facts
        What `phm.report.know_your_pcn.know` knows.
    months
        What is shown of each month, the newest last.
    practices
        Names of its practices by code.
    compared, cascades
        Every measure compared, and the measures of how far the people listed got.
    steps, steps_before
        Published rows of `area_attrition` of the PCN, of this month and of the month before, if that is published.
    """
    pcn, shown = ("pcn", code), list(months.values())[-1]
    own = [(c, c.by_code[code]) for c in compared if code in c.by_code]
    of_goal = {goal: [o for o in own if o[0].measure.goal == goal] for goal in GOALS}
    scorecards = {goal: _scorecard(title, of_goal[goal]) for goal, title in GOALS.items()}
    of_practices = [_practices(shown, practices), _practice_values(shown, practices, compared)]
    lists = [on_lists(steps, cohorts), cascade(shown, cascades, pcn)]
    changes = _changes(own, months, pcn)
    *_, before, now = [None, *months]
    changed_lists = [] if steps_before is None else [list_changes(steps, steps_before, cohorts, months=(before, now))]
    people = [_people(facts), _mix(facts), _where(facts)]
    segments = _segments(facts)
    by_month = [_list_size(facts)] if len(facts["trend"]) > 1 else []
    maps = [_kinds(facts), _assets(facts)] if facts["has_asset_map"] else []
    tables = [*scorecards.values(), changes, *changed_lists, *of_practices, *lists, *people, segments, *by_month, *maps]
    return Page(
        stem=page_of_pcn(code).removesuffix(".html"),
        template="pcn.html.j2",
        tables=[table for table in tables if table.rows],
        about={"PCN": f"{name} ({code})"},
        values={
            "code": code,
            "name": name,
            "sentences": [*differences(own), *_changed(changes), *sentences(name, facts)],
            "goals": [
                {
                    "title": GOALS[goal],
                    "table": table,
                    "intervals": intervals(of_goal[goal]),
                    "basis": interval_basis(of_goal[goal]),
                }
                for goal, table in scorecards.items()
                if table.rows
            ],
            "changes": changes,
            "changed_lists": [table for table in changed_lists if table.rows],
            "practices": of_practices,
            "lists": [table for table in lists if table.rows],
            "people_tables": people,
            "segment_table": segments,
            "by_month": by_month,
            "maps": maps,
            **facts,
        },
    )


def _scorecard(goal: str, own: list[tuple[Comparison, Any]]) -> Table:
    rows = [
        [
            c.measure.title,
            unit_title(c.unit).lower(),
            row.numerator,
            row.denominator,
            row.value,
            row.lower,
            row.upper,
            c.overall.value,
            judged(row.comparison, c.measure.polarity),
            judged(row.standardised_comparison, c.measure.polarity) if c.is_standardised else "",
        ]
        for c, row in own
    ]
    return Table(
        goal,
        f"{goal}: every measure beside the ICB; counts are rounded",
        {
            "Measure": "text",
            "Unit": "text",
            "People": "count",
            "Out of": "count",
            "Value": "number",
            "Lower 95%": "number",
            "Upper 95%": "number",
            "ICB": "number",
            "Against the ICB": "text",
            "The same, age-standardised": "text",
        },
        rows,
        links={c.measure.title: page_of_measure(c.measure.id) for c, _ in own},
    )


def _changes(own: list[tuple[Comparison, Any]], months: Mapping[str, Shown], pcn: Area) -> Table:
    """Each measure this month and the month before that is published, with what their intervals allow to be said."""
    *_, before = [None, *list(months)[:-1]]
    rows = []
    for c, row in own if before else []:
        then = months[before].row(c.measure.id, pcn)
        if then is not None:
            change = against_before((row.lower, row.upper), (then.lower, then.upper))
            rows.append([c.measure.title, quantity(then.value, c.unit), quantity(row.value, c.unit), change])
    columns = {"Measure": "text", before or "Before": "text", list(months)[-1]: "text", "Change": "text"}
    return Table("Changes", "What changed since the month before", columns, rows)


def _changed(changes: Table) -> list[str]:
    if not changes.rows:
        return []
    moved = [f"{row[0]} ({row[-1]})" for row in changes.rows if row[-1] in ("up", "down")]
    since = list(changes.columns)[1]
    return [
        f"Changed since {since}: {'; '.join(moved)}." if moved else f"No measure changed beyond chance since {since}."
    ]


def _practices(shown: Shown, practices: Mapping[str, str]) -> Table:
    rows = [[name, code, shown.value(LIST_SIZE, ("practice", code))] for code, name in practices.items()]
    columns = {"Practice": "text", "Code": "text", "Registered people": "count"}
    return Table("Practices", "Registered people by practice; counts are rounded", columns, rows)


def _practice_values(shown: Shown, practices: Mapping[str, str], compared: Sequence[Comparison]) -> Table:
    """Measures by practice, as far as numbers are large enough to be shown."""
    rows = [
        [c.measure.title, unit_title(c.unit).lower(), *(shown.value(c.measure.id, ("practice", p)) for p in practices)]
        for c in compared
    ]
    columns = {"Measure": "text", "Unit": "text"} | dict.fromkeys(
        (f"{n} ({c})" for c, n in practices.items()), "number"
    )
    return Table("Practice values", "Measures by practice; small practices scatter widely by chance", columns, rows)


def _people(facts: Mapping[str, Any]) -> Table:
    parts = ("people", "pct", "icb_pct")
    columns = {"Age": "text"}
    for sex in SEXES.values():
        columns |= {
            sex.capitalize(): "count",
            f"{sex.capitalize()}, %": "number",
            f"{sex.capitalize()}, % in ICB": "number",
        }
    rows = [[r["band"], *(r[sex][part] for sex in SEXES.values() for part in parts)] for r in facts["pyramid"]]
    return Table("Age and sex", "People by age and sex, and percent of all beside the ICB's", columns, rows)


def _mix(facts: Mapping[str, Any]) -> Table:
    columns = {"Area": "text"} | {f"Quintile {q}": "number" for q in range(1, 6)} | {"Mean score": "number"}
    rows = [[bar["name"], *bar["shares"], bar["score"]] for bar in facts["mix"]]
    caption = "Percent of people in each national deprivation quintile, 1 most deprived, and mean score"
    return Table("Deprivation", caption, columns, rows, has_total=True)


def _segments(facts: Mapping[str, Any]) -> Table:
    rows = [[name.replace("_", " "), people, pct, icb_pct] for name, people, pct, icb_pct in facts["segments"]]
    columns = {"Segment": "text", "People": "count", "Percent": "number", "Percent in ICB": "number"}
    return Table("Segments", "People by segment of need, each in the first that applies", columns, rows)


def _list_size(facts: Mapping[str, Any]) -> Table:
    rows = [[point["month"], point["people"]] for point in facts["trend"]]
    return Table("List size", "Registered people by month", {"Month": "text", "Registered people": "count"}, rows)


def _where(facts: Mapping[str, Any]) -> Table:
    def percent(value: float | None) -> str:
        return quantity(value, "percent")

    rows = [
        ["Areas inside the boundary", f"{facts['lsoa_count']:,}"],
        ["Of patients living in England, those who live inside", percent(facts["inside_pct"])],
        ["Of registered residents, those registered elsewhere", percent(facts["elsewhere_pct"])],
    ]
    return Table("Boundary", "Patients and boundary", {"What": "text", "This PCN": "text"}, rows)


def _kinds(facts: Mapping[str, Any]) -> Table:
    columns = {"Kind": "text", "Assets inside": "text", "Answers a need higher than the ICB's": "text", "Gap": "text"}
    rows = [[k["kind"], number(k["assets"], 0), "; ".join(k["needs"]), k["gap"]] for k in facts["kinds"]]
    return Table("Kinds of assets", "What there is inside the boundary, by kind", columns, rows)


def _assets(facts: Mapping[str, Any]) -> Table:
    columns = dict.fromkeys(("Organisation", "What it offers", "For whom", "How to refer", "Last checked"), "text")
    rows = [
        [
            a.organisation_name,
            a.offer,
            f"{a.for_whom} (open to {a.open_to.replace('_', ' ')})",
            a.how_to_refer,
            day(a.last_checked_date) + ("" if a.is_recently_checked else ", more than a year ago"),
        ]
        for a in facts["assets"]
    ]
    return Table("Assets", "Assets inside the boundary", columns, rows)
