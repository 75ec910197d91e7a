"""Pages of the whole system: the overview, the choice of measures, places and PCNs, and a page for each place."""

from collections.abc import Mapping, Sequence

import pandas as pd

from phm.cohorts.parts import Definition
from phm.report import charts
from phm.report.compare import NO_PLACE, Comparison, in_short
from phm.report.know_your_pcn import LIST_SIZE, QUINTILES, SCORE
from phm.report.listed import between, lengths
from phm.report.rendering import count, number
from phm.report.scorecard import Own, differences, interval_basis, intervals
from phm.report.shown import Area, Shown
from phm.report.site_pages import AREAS, COMPARE, OVERVIEW, Page, page_of_measure, page_of_pcn, page_of_place
from phm.report.tables import Table
from phm.report.wording import COMPARISONS, GOALS, PCN_BAND, judged, named, quantity, size_note, unit_title

MOST_DEPRIVED = ("imd_quintile", "1")
_NEEDIEST = 3
"""PCNs a sentence about need names."""


def overview(
    shown: Shown,
    compared: Sequence[Comparison],
    needs: pd.DataFrame,
    funnels: Mapping[str, pd.DataFrame],
    cohorts: Sequence[Definition],
    /,
    *,
    icb: Area,
    left_out: Sequence[str],
) -> Page:
    """What matters in one screen; `needs` is `need_of_pcns`, `funnels` the ICB's steps of each definition by its id."""
    brief, lists = _brief(compared), _lists(funnels, cohorts)
    people = f"About {count(shown.value(LIST_SIZE, icb))} people are registered, in {len(needs)} PCNs."
    return Page(
        stem=OVERVIEW,
        template="overview.html.j2",
        tables=[brief, lists],
        values={
            "sentences": [people, *_neediest(needs), *_widest(compared), *_worst(needs)],
            "left_out": left_out,
            "brief": brief,
            "lists": lists,
        },
    )


def choice(compared: Sequence[Comparison], /) -> Page:
    """Every measure under the goal it serves, with what may be said of it in a sentence."""
    goals = [
        {
            "title": title,
            "measures": [
                (page_of_measure(c.measure.id), c.measure.title, in_short(c).removeprefix(f"{c.measure.title}: "))
                for c in compared
                if c.measure.goal == goal
            ],
        }
        for goal, title in GOALS.items()
    ]
    return Page(stem=COMPARE, template="compare.html.j2", values={"goals": [g for g in goals if g["measures"]]})


def areas(
    shown: Shown, compared: Sequence[Comparison], needs: pd.DataFrame, /, *, places: pd.Series, place_note: str
) -> Page:
    """Places side by side, PCNs in order of need, and who lives where; `places` are names by code."""
    side_by_side, pcns, mix = _places(compared), need_table(needs, "PCNs, most deprived first"), _mix(shown)
    return Page(
        stem=AREAS,
        template="areas.html.j2",
        tables=[pcns, side_by_side, mix],
        about={"Order": "By mean deprivation score of the people registered, the most deprived first"},
        values={
            "places": side_by_side,
            "place_links": places,
            "pcns": pcns,
            "mix": mix,
            "mix_svg": charts.quintile_mix(_long(mix)),
            "pcn_band": PCN_BAND,
            "place_note": place_note,
        },
    )


def place_page(
    code: str, name: str, compared: Sequence[Comparison], needs: pd.DataFrame, /, *, place_note: str
) -> Page:
    """One place: against the ICB, the spread among its PCNs, and where need is greatest."""
    own = [(c, c.by_place_code[code]) for c in compared if code in c.by_place_code]
    standing, spread = _standing(own), _spread(name, compared)
    inside = need_table(needs[needs["place_name"] == name], "Its PCNs, most deprived first")
    return Page(
        stem=page_of_place(code).removesuffix(".html"),
        template="place.html.j2",
        tables=[standing, spread, inside],
        about={"Place": f"{name} ({code})"},
        values={
            "code": code,
            "name": name,
            "sentences": [*differences(own), *_neediest(needs[needs["place_name"] == name])],
            "intervals": intervals(own),
            "basis": interval_basis(own),
            "standing": standing,
            "spread": spread,
            "inside": inside,
            "place_note": place_note,
        },
    )


def need_of_pcns(shown: Shown, compared: Sequence[Comparison], /, *, place_names: pd.Series) -> pd.DataFrame:
    """One row per PCN, most deprived first: people, mean score, percent in the most deprived fifth, less favourable.

    `less_favourable` counts the measures that differ from the ICB on the side that their definition calls worse.
    """
    codes = shown.frame.loc[shown.frame["area_type"] == "pcn", ["area_code", "area_name"]].drop_duplicates("area_code")
    worse = pd.Series(
        [
            row.area_code
            for c in compared
            for row in c.records
            if judged(row.comparison, c.measure.polarity).endswith("less favourable")
        ],
        dtype=object,
    ).value_counts()
    areas = [("pcn", code) for code in codes["area_code"]]
    needs = codes.assign(
        place_name=[place_names.get(code, NO_PLACE) for code in codes["area_code"]],
        people=[shown.value(LIST_SIZE, area) for area in areas],
        score=[shown.value(SCORE, area) for area in areas],
        most_deprived=[shown.value(QUINTILES, area, MOST_DEPRIVED) for area in areas],
        less_favourable=codes["area_code"].map(worse).fillna(0).astype(int),
    )
    return needs.sort_values(["score", "area_name"], ascending=[False, True], na_position="last", ignore_index=True)


def need_table(needs: pd.DataFrame, caption: str, /) -> Table:
    rows = [
        [r.area_name, r.place_name, r.people, r.score, r.most_deprived, str(r.less_favourable), size_note(r.people)]
        for r in needs.itertuples(index=False)
    ]
    return Table(
        "PCNs",
        caption,
        {
            "PCN": "text",
            "Place": "text",
            "Registered people": "count",
            "Mean deprivation score": "number",
            "% in most deprived fifth": "number",
            "Measures less favourable than the ICB": "text",
            "Size": "text",
        },
        rows,
        links={r.area_name: page_of_pcn(r.area_code) for r in needs.itertuples(index=False)},
    )


def _lists(funnels: Mapping[str, pd.DataFrame], cohorts: Sequence[Definition]) -> Table:
    """How many people are on each list of the ICB's practices."""
    rows = []
    for cohort in cohorts:
        length = lengths(funnels[cohort.id], [cohort])
        rows += [[cohort.title, between(length[cohort.id])]] if cohort.id in length else []
    caption = "People on practices' lists: between how many, as counts are rounded"
    return Table("Lists", caption, {"List": "text", "People": "text"}, rows)


def _neediest(needs: pd.DataFrame) -> list[str]:
    most = needs.dropna(subset=["score"]).head(_NEEDIEST)
    if len(most) < 2:
        return []
    with_score = [f"{r.area_name} (mean score {number(r.score)})" for r in most.itertuples(index=False)]
    return [f"Deprivation is greatest in {named(with_score)}."]


def _widest(compared: Sequence[Comparison]) -> list[str]:
    """The measures in which most PCNs differ from the ICB."""
    differing = [(len(c.names("higher")) + len(c.names("lower")), c.measure.title) for c in compared]
    most = sorted((found for found in differing if found[0]), key=lambda found: -found[0])[:_NEEDIEST]
    if not most:
        return ["No PCN differs from the ICB beyond chance in any measure."]
    return [f"Most PCNs differ from the ICB in: {'; '.join(f'{title} ({many})' for many, title in most)}."]


def _worst(needs: pd.DataFrame) -> list[str]:
    """The PCNs with most measures on the less favourable side of the ICB."""
    rows = needs.sort_values(["less_favourable", "area_name"], ascending=[False, True])
    rows = rows[rows["less_favourable"] > 1].head(_NEEDIEST)
    if rows.empty:
        return []
    with_number = [f"{r.area_name} ({r.less_favourable})" for r in rows.itertuples(index=False)]
    return [f"Most measures less favourable than the ICB: {named(with_number)}."]


def _brief(compared: Sequence[Comparison]) -> Table:
    rows = [
        [
            c.measure.title,
            c.goal,
            quantity(c.overall.value, c.unit),
            *(str(len(c.names(word))) for word in COMPARISONS),
            str(int(c.rows["comparison"].eq("withheld").sum())),
        ]
        for c in compared
    ]
    columns = ("Measure", "Goal", "ICB", "PCNs higher", "Not different", "Lower", "Withheld")
    return Table(
        "Measures",
        "Every measure: the ICB's value, and how many PCNs differ from it",
        dict.fromkeys(columns, "text"),
        rows,
        links={c.measure.title: page_of_measure(c.measure.id) for c in compared},
    )


def _places(compared: Sequence[Comparison]) -> Table:
    """One row per measure, one column per place, the ICB last."""
    names = dict.fromkeys(name for c in compared for name in sorted(c.places["area_name"]))
    rows = []
    for c in compared:
        values = c.places.set_index("area_name")["value"]
        in_places = [values.get(name) for name in names]
        rows.append([c.measure.title, unit_title(c.unit).lower(), *in_places, c.overall.value])
    columns = {"Measure": "text", "Unit": "text", **dict.fromkeys(names, "number"), "ICB": "number"}
    links = {c.measure.title: page_of_measure(c.measure.id) for c in compared}
    return Table("Places", "Measures by place", columns, rows, links=links)


def _mix(shown: Shown) -> Table:
    """Shares by deprivation quintile: one row per PCN, most deprived first, the ICB last."""
    frame = shown.frame
    shares = frame[(frame["measure_id"] == QUINTILES) & frame["area_type"].isin(["pcn", "icb"])]
    wide = shares.pivot(index=["area_type", "area_name"], columns="group_value", values="value")
    wide = wide.reindex(columns=list("12345")).reset_index()
    wide = wide.sort_values(["area_type", "1"], ascending=False, na_position="last", kind="stable")
    rows = wide.drop(columns="area_type").to_numpy(dtype=object).tolist()
    columns = {"PCN": "text"} | {f"Quintile {q}": "number" for q in range(1, 6)}
    caption = "Percent of registered people in each national deprivation quintile, 1 most deprived"
    return Table("Deprivation", caption, columns, rows, has_total=True)


def _long(mix: Table) -> pd.DataFrame:
    rows = [(name, str(q), value) for name, *values in mix.rows for q, value in enumerate(values, start=1)]
    return pd.DataFrame(rows, columns=["area_name", "quintile", "value"]).astype({"value": "Float64"})


def _standing(own: Own) -> Table:
    rows = [
        [
            c.measure.title,
            unit_title(c.unit).lower(),
            row.value,
            row.lower,
            row.upper,
            c.overall.value,
            judged(row.comparison, c.measure.polarity),
        ]
        for c, row in own
    ]
    columns = {"Measure": "text", "Unit": "text", "Value": "number", "Lower 95%": "number", "Upper 95%": "number"}
    columns |= {"ICB": "number", "Against the ICB": "text"}
    links = {c.measure.title: page_of_measure(c.measure.id) for c, _ in own}
    return Table("Against the ICB", "Every measure beside the ICB", columns, rows, links=links)


def _spread(name: str, compared: Sequence[Comparison]) -> Table:
    """The lowest and highest PCN of a place at each measure."""
    rows = []
    for c in compared:
        inside = [row for row in c.records if row.place_name == name and pd.notna(row.value)]
        if len(inside) > 1:
            high, low = inside[0], inside[-1]
            rows.append(
                [
                    c.measure.title,
                    f"{quantity(low.value, c.unit)} ({low.area_name}, {low.comparison})",
                    f"{quantity(high.value, c.unit)} ({high.area_name}, {high.comparison})",
                ]
            )
    columns = dict.fromkeys(("Measure", "Lowest PCN, against the ICB", "Highest PCN, against the ICB"), "text")
    return Table(
        "Spread inside", "The spread among its PCNs; the ends of any row scatter most by chance", columns, rows
    )
