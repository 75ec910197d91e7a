"""The report: a folder of pages that opens from a file share with no network, made from published tables only.

Says how the areas compare, where need is greatest, how the population becomes a list, how good the data were and how
all of it was computed. The pages hold no script; beside them lie the tables they show, to work with.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from phm.cohorts.parts import Definition
from phm.core.memberships import UNALLOCATED_PCN
from phm.governance.disclosure import Published, require_published
from phm.measures.asset_gaps import Need, asset_gaps
from phm.measures.definition import Measure
from phm.measures.trends import trends
from phm.report.compare import Comparison, compared_measures
from phm.report.know_your_pcn import know
from phm.report.measure_page import measure_page, place_sentence
from phm.report.methods_page import funnels_of, left_out, lists_page, methods_page
from phm.report.pcn_page import pcn_page
from phm.report.rendering import day, render, source
from phm.report.shown import Shown
from phm.report.site_pages import AREAS, COMPARE, Page
from phm.report.system_pages import areas, choice, need_of_pcns, overview, place_page
from phm.report.tables import to_csv
from phm.report.workbook import to_workbook
from phm.resources import contracts_dir

_UNDER = {"measure": COMPARE, "place": AREAS, "pcn": AREAS}
"""Which page of the navigation a page of its own kind stands under."""


@dataclass(frozen=True)
class Sources:
    """What one month's report is made from.

    `measures`, `attrition`, `quality` are the published `measure_value`, `area_attrition`, `data_quality`; `months` is
    the published `measure_value` of this month and those before, with `month`, and `attrition_before` the published
    `area_attrition` of the last of those, if there is one. `geography` is `core_geography` of the
    practices that delivered; `lsoa_count` the areas inside each PCN's boundary by its code; `assets` is `pcn_asset` and
    `nearest` the nearest suitable asset of each category to each PCN, both empty where no map was delivered, and
    `asset_needs` are the needs they answer; `drift` has `feed, kind, subject` of what moved beyond its limit;
    `deprivation_index` names the index with its vintage. `is_synthetic` says that the people are invented: every page
    then says so first.
    """

    measures: Published
    attrition: Published
    quality: Published
    months: Published
    attrition_before: Published | None
    geography: pd.DataFrame
    lsoa_count: Mapping[str, int]
    assets: pd.DataFrame
    nearest: pd.DataFrame
    drift: pd.DataFrame
    cohorts: Sequence[Definition]
    measure_definitions: Sequence[Measure]
    asset_needs: Sequence[Need]
    deprivation_index: str
    reference_date: dt.date
    is_synthetic: bool


def build_site(sources: Sources, /) -> dict[str, bytes]:
    """Every file of the site by its name, the same bytes for the same sources.

    Raises
    ------
    DisclosureError
        A table has not passed the gate.
    """
    icb_name = sources.geography["icb_name"].iloc[0]
    everywhere = {
        "icb_name": icb_name,
        "reference_date": sources.reference_date,
        "is_synthetic": sources.is_synthetic,
    }
    contract = contracts_dir() / "measure_value.odcs.yaml"
    files = {"site.css": source("site.css").encode(), contract.name: contract.read_bytes()}
    for page in _pages(sources):
        under = _UNDER.get(page.stem.split("-")[0], page.stem)
        text = render(page.template, stem=page.stem, here=f"{under}.html", **everywhere, **page.values)
        files[f"{page.stem}.html"] = text.encode()
        if page.tables:
            about = {"Area": icb_name, "Data up to": day(sources.reference_date), **page.about, **_ABOUT}
            files[f"{page.stem}.csv"] = to_csv(page.tables[0])
            files[f"{page.stem}.xlsx"] = to_workbook(page.tables, about, created=sources.reference_date)
    return files


_ABOUT = {
    "Small numbers": "Counts of 1 to 7 are withheld, all others rounded to 5 or more, and values made from those",
    "Use": "Planning, as disclosure-controlled aggregates",
}


def _pages(sources: Sources) -> list[Page]:
    shown = Shown.of(sources.measures)
    months = Shown.by_month(sources.months)
    steps, quality = require_published(sources.attrition), require_published(sources.quality)
    geography = sources.geography.sort_values("practice_code")
    icb = ("icb", geography["icb_code"].iloc[0])
    place_names = geography.drop_duplicates("pcn_code").set_index("pcn_code")["place_name"]
    note = place_sentence(geography)
    compared = compared_measures(shown, sources.measure_definitions, icb, place_names=place_names)
    needs = need_of_pcns(shown, compared, place_names=place_names)
    funnels = funnels_of(steps, sources.cohorts)
    missing = left_out(quality)
    places = geography.drop_duplicates("place_code").set_index("place_code")["place_name"].sort_values()
    return [
        overview(shown, compared, needs, funnels, sources.cohorts, icb=icb, left_out=missing),
        choice(compared),
        areas(shown, compared, needs, places=places, place_note=note),
        lists_page(funnels, sources.cohorts),
        methods_page(quality, sources.cohorts, sources.measure_definitions, sources.drift),
        *_measure_pages(compared, sources.months, note),
        *(place_page(code, name, compared, needs, place_note=note) for code, name in places.items()),
        *_pcn_pages(sources, geography, months, compared, steps),
    ]


def _measure_pages(compared: Sequence[Comparison], months: Published, place_note: str) -> list[Page]:
    by_month = trends(months)
    of_measure = {measure_id: rows.sort_values("month") for measure_id, rows in by_month.groupby("measure_id")}
    return [measure_page(c, of_measure.get(c.measure.id, by_month.iloc[:0]), place_note=place_note) for c in compared]


def _pcn_pages(
    sources: Sources,
    geography: pd.DataFrame,
    months: Mapping[str, Shown],
    compared: Sequence[Comparison],
    steps: pd.DataFrame,
) -> list[Page]:
    gaps = asset_gaps(sources.measures, sources.assets, needs=sources.asset_needs)
    before = None if sources.attrition_before is None else require_published(sources.attrition_before)
    icb = ("icb", geography["icb_code"].iloc[0])
    cascades = [measure for measure in sources.measure_definitions if measure.cascade_of]
    pages = []
    for code, practices in geography[geography["pcn_code"] != UNALLOCATED_PCN].groupby("pcn_code"):
        facts = know(
            code,
            months,
            icb=icb,
            practices=practices,
            lsoa_count=sources.lsoa_count.get(code, 0),
            assets=sources.assets,
            nearest=sources.nearest,
            gaps=gaps,
            deprivation_index=sources.deprivation_index,
        )
        pages.append(
            pcn_page(
                code,
                practices["pcn_name"].iloc[0],
                facts,
                months=months,
                practices=practices.set_index("practice_code")["practice_name"].to_dict(),
                compared=compared,
                cascades=cascades,
                steps=_of_pcn(steps, code),
                steps_before=None if before is None else _of_pcn(before, code),
                cohorts=sources.cohorts,
            )
        )
    return pages


def _of_pcn(steps: pd.DataFrame, code: str) -> pd.DataFrame:
    return steps[(steps["area_type"] == "pcn") & (steps["area_code"] == code)]
