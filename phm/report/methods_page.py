"""Pages about how it was done: how the population becomes a list, how good the data were, by which definitions."""

from collections.abc import Mapping, Sequence

import pandas as pd

from phm.cohorts.parts import Definition
from phm.measures.definition import Measure
from phm.report import charts
from phm.report.quality import LEFT_OUT_SECTION
from phm.report.rendering import count
from phm.report.site_pages import LISTS, METHODS, Page
from phm.report.tables import Table

_LANDED = ("delivered", "accepted", "quarantined")
_DONE = {"population": "counted", "exclusion": "taken out", "tier": "on the list", "no_tier": "not on the list"}


def funnels_of(steps: pd.DataFrame, cohorts: Sequence[Definition], /) -> dict[str, pd.DataFrame]:
    """The ICB's steps of each definition in order, by its id; `steps` are rows of published `area_attrition`."""
    of_icb = steps[steps["area_type"] == "icb"].sort_values("step_order")
    return {cohort.id: of_icb[of_icb["cohort_id"] == cohort.id] for cohort in cohorts}


def lists_page(funnels: Mapping[str, pd.DataFrame], cohorts: Sequence[Definition], /) -> Page:
    """Every definition's way from the population to its list."""
    ways = []
    for place, cohort in enumerate(cohorts, start=1):
        steps = funnels[cohort.id]
        rows = [[r.label, _DONE[r.kind], r.person_count, r.remaining_count] for r in steps.itertuples(index=False)]
        columns = {"Step": "text", "What it does": "text", "People": "count", "Left": "count"}
        table = Table(f"{place} {cohort.id}", f"{cohort.title}: steps in the order they are applied", columns, rows)
        drawn = steps[steps["kind"].isin(["population", "exclusion"])]
        ways.append({"cohort": cohort, "table": table, "svg": charts.steps_left(drawn)})
    return Page(stem=LISTS, template="lists.html.j2", tables=[way["table"] for way in ways], values={"ways": ways})


def methods_page(
    quality: pd.DataFrame, cohorts: Sequence[Definition], measures: Sequence[Measure], drift: pd.DataFrame, /
) -> Page:
    """The state of each feed, who is missing, what moved since the delivery before, and every definition's hash.

    `quality` are rows of published `data_quality`; `drift` has `feed, kind, subject` of every comparison that
    `phm.feeds.drift` found beyond its limit.
    """
    feeds, other = _feeds(quality), _other(quality)
    definitions = Table(
        "Definitions",
        "Definitions this report was made with",
        {
            "Definition": "text",
            "Version": "text",
            "Sources": "text",
            "Signed off or owned by": "text",
            "SHA-256": "code",
        },
        [[d.title, d.version, "; ".join(d.sources), d.clinical_sign_off, d.sha256] for d in cohorts]
        + [[m.title, m.version, "; ".join(m.sources), f"{m.owner} ({m.scope})", m.sha256] for m in measures],
    )
    moved = _drift(drift)
    return Page(
        stem=METHODS,
        template="methods.html.j2",
        tables=[feeds, other, moved, definitions],
        values={
            "feeds": feeds,
            "other": other,
            "moved": moved,
            "definitions": definitions,
            "left_out": left_out(quality),
        },
    )


def left_out(quality: pd.DataFrame, /) -> list[str]:
    """Practices whose delivery was not complete, with the reason."""
    return quality.loc[quality["section"] == LEFT_OUT_SECTION, "item"].tolist()


def _feeds(quality: pd.DataFrame) -> Table:
    """One row per feed: rows delivered, accepted and quarantined, and the rules rows broke with their counts."""
    rows = []
    for section, items in quality[_is_of_feed(quality)].groupby("section"):
        landed = items.set_index("item")["count"]
        broken = items[~items["item"].isin(_LANDED)]
        rules = [
            f"{item.replace('_', ' ')}: {count(rows_broken)}"
            for item, rows_broken in zip(broken["item"], broken["count"].astype(object), strict=True)
        ]
        name = section.removeprefix("feed_").replace("_", " ")
        rows.append([name, *(landed.get(part) for part in _LANDED), "; ".join(rules) or "none"])
    columns = {"Feed": "text"} | {part.capitalize(): "count" for part in _LANDED} | {"Rules broken, with rows": "text"}
    return Table("Feeds", "Rows of each feed; one row can break several rules", columns, rows)


def _other(quality: pd.DataFrame) -> Table:
    rows = quality[~_is_of_feed(quality)]
    return Table(
        "Matching and cleaning",
        "Who and what is missing: matching and cleaning",
        {"About": "text", "What": "text", "Count": "count", "Of": "text"},
        rows[["section", "item", "count", "unit"]].to_numpy(dtype=object).tolist(),
    )


def _drift(drift: pd.DataFrame) -> Table:
    """Which comparisons moved; by how much stays with those who look after the data."""
    columns = dict.fromkeys(("Feed", "What moved", "Of"), "text")
    rows = [[r.feed.replace("_", " "), r.kind.replace("_", " "), r.subject] for r in drift.itertuples(index=False)]
    return Table("Drift", "What moved more than is usual since the delivery before", columns, rows)


def _is_of_feed(quality: pd.DataFrame) -> pd.Series:
    return quality["section"].isin(quality.loc[quality["item"] == "quarantined", "section"])
