"""The page of one measure: every PCN against the ICB, by place, with age taken out, by deprivation, over the months."""

import pandas as pd

from phm.measures.definition import Measure
from phm.report import comparison_charts as charts
from phm.report.compare import Comparison, gradient_sentence, sentences
from phm.report.rendering import WITHHELD, number
from phm.report.site_pages import Page, page_of_pcn, page_of_place
from phm.report.tables import Table
from phm.report.wording import GOALS, basis, named, quantity, said_of, standardised_said_of, unit_title

FEW_MONTHS = 2
"""From so many months on there is a chart."""
_AREA = {"People": "count", "Out of": "count"}
_INTERVAL = {"Lower 95%": "number", "Upper 95%": "number"}


def measure_page(found: Comparison, by_month: pd.DataFrame, /, *, place_note: str) -> Page:
    """The page as HTML with its tables; `by_month` are the measure's rows of `phm.measures.trends`, months in order."""
    months = by_month[by_month["area_type"] == "icb"]
    measure, unit = found.measure, unit_title(found.unit)
    pcns, places, ages = _pcns(found), _places(found), _ages(found)
    quintiles, month_table, definition = _quintiles(found), _months(months, unit), definition_table(measure)
    is_drawn = pd.notna(found.overall.value) and found.rows["value"].notna().any()
    has_months = months["value"].notna().sum() >= FEW_MONTHS
    shown = [pcns, places, definition]
    shown += [ages] if found.is_standardised else []
    shown += [quintiles] if found.has_gradient else []
    shown += [month_table] if has_months else []
    overall = found.overall.value
    return Page(
        stem=f"measure-{measure.id}",
        template="measure.html.j2",
        tables=shown,
        about={"Measure": measure.title, "Of": measure.of, "Period": found.overall.period},
        values={
            "measure": measure,
            "unit": unit,
            "period": found.overall.period,
            "goal": found.goal,
            "sentences": sentences(found),
            "basis": basis(found.overall.method, found.overall.period),
            "age_basis": basis(found.overall.method, found.overall.standardised_method, found.overall.period),
            "pcn_count": len(found.rows),
            "pcns": pcns,
            "places": places,
            "place_note": place_note,
            "funnel": charts.funnel_plot(found.rows, found.funnel_lines, overall, unit) if is_drawn else None,
            "caterpillar": charts.caterpillar(found.rows, overall, unit) if is_drawn else None,
            "by_place": charts.by_place(found.rows, overall, unit) if is_drawn else None,
            "standardised": charts.crude_and_standardised(found.rows, unit) if found.is_standardised else None,
            "ages": ages,
            "gradient": charts.gradient(_gradient(found), unit) if found.has_gradient else None,
            "gradient_sentence": gradient_sentence(found),
            "quintiles": quintiles,
            "inequality_method": found.overall.inequality_method,
            "months": _run_chart(months, unit) if has_months else None,
            "trend_sentence": _trend_sentence(months),
            "pcn_trends": _pcn_trends(by_month, found),
            "month_table": month_table,
            "definition": definition,
        },
    )


def definition_table(measure: Measure, /) -> Table:
    """What a measure counts and where its rules come from, as its definition says."""
    polarity = {"low": "lower is better", "high": "higher is better", "none": "neither high nor low is good"}
    facts = {
        "What is counted": measure.numerator.text if measure.numerator else measure.title,
        "Out of": f"{measure.of}: {measure.denominator.text}",
        "Reading": polarity[measure.polarity],
        "Goal": GOALS[measure.goal],
        "Benchmark": f"{quantity(measure.benchmark.value, measure.unit)} ({measure.benchmark.source})"
        if measure.benchmark
        else "none",
        "Standardisation": measure.standardisation,
        "Set": f"{measure.scope}, by {measure.owner}",
        "Sources": "; ".join(measure.sources),
        "Version and SHA-256 of the definition": f"{measure.version}, {measure.sha256}",
    }
    return Table("Definition", "What this measure counts", {"What": "text", "Says": "text"}, list(facts.items()))


def _pcns(found: Comparison) -> Table:
    """All PCNs with everything the charts show, the ICB last."""
    has_expected = found.rows["expected"].notna().any()
    rows = []
    for r in [*found.records, found.overall]:
        is_icb = r.area_type == "icb"
        row = [r.area_name, r.numerator, r.denominator, r.value, r.lower, r.upper]
        row += ["", ""] if is_icb else [r.comparison, WITHHELD if pd.isna(r.significance) else r.significance]
        rows.append([*row, r.expected] if has_expected else row)
    return Table(
        "PCNs",
        f"{found.measure.title} by PCN; counts are rounded",
        {
            "PCN": "text",
            **_AREA,
            unit_title(found.unit): "number",
            **_INTERVAL,
            "Against the ICB": "text",
            "Funnel": "text",
            **({"Expected": "number"} if has_expected else {}),
        },
        rows,
        links={r.area_name: page_of_pcn(r.area_code) for r in found.records},
        has_total=True,
    )


def _places(found: Comparison) -> Table:
    rows = [
        [r.area_name, r.numerator, r.denominator, r.value, r.lower, r.upper, r.comparison]
        for r in found.by_place_code.values()
    ]
    return Table(
        "Places",
        f"{found.measure.title} by place",
        {"Place": "text", **_AREA, unit_title(found.unit): "number", **_INTERVAL, "Against the ICB": "text"},
        rows,
        links={r.area_name: page_of_place(r.area_code) for r in found.by_place_code.values()},
    )


def _ages(found: Comparison) -> Table:
    """Crude and standardised side by side, with what each says against the ICB."""
    rows = [
        [
            r.area_name,
            r.value,
            getattr(r, "comparison", ""),
            r.standardised_value,
            r.standardised_lower,
            r.standardised_upper,
            getattr(r, "standardised_comparison", ""),
        ]
        for r in [*found.records, found.overall]
    ]
    return Table(
        "Age",
        f"{found.measure.title}, crude and age-standardised",
        {
            "PCN": "text",
            "Crude": "number",
            "Crude against the ICB": "text",
            "Age-standardised": "number",
            **_INTERVAL,
            "Standardised against the ICB": "text",
        },
        rows,
        has_total=True,
    )


def _quintiles(found: Comparison) -> Table:
    """Values by deprivation quintile, age-standardised beside the crude where they are."""
    has_ages = found.quintiles["standardised_value"].notna().any()
    rows = []
    for r in found.quintiles.itertuples(index=False):
        row = [r.group_value, r.numerator, r.denominator, r.value, r.lower, r.upper]
        ages = [r.standardised_value, r.standardised_lower, r.standardised_upper]
        rows.append([*row, *ages] if has_ages else row)
    columns = {"Quintile, 1 most deprived": "text", **_AREA, unit_title(found.unit): "number", **_INTERVAL}
    if has_ages:
        columns |= dict.fromkeys(("Age-standardised", "Its lower 95%", "Its upper 95%"), "number")
    return Table("Deprivation", f"{found.measure.title} by deprivation, the whole ICB", columns, rows)


def _gradient(found: Comparison) -> pd.DataFrame:
    """Marks of the gradient's chart: each quintile crude and, where there is one, age-standardised."""
    marks = []
    for r in found.quintiles.itertuples(index=False):
        crude, standardised = charts.KINDS
        quintile = f"Quintile {r.group_value}, "
        marks.append((r.group_value, crude, r.value, r.lower, r.upper, quintile + said_of(r, found.unit)))
        ages = (r.standardised_value, r.standardised_lower, r.standardised_upper)
        marks.append((r.group_value, standardised, *ages, quintile + standardised_said_of(r, found.unit)))
    return pd.DataFrame(marks, columns=["quintile", "kind", "value", "lower", "upper", "said"])


def _months(months: pd.DataFrame, unit: str) -> Table:
    rows = [
        [r.month, r.value, r.lower, r.upper, "special cause" if r.is_special_cause else ""]
        for r in months.itertuples(index=False)
    ]
    columns = {"Month": "text", unit: "number", "Lower limit": "number", "Upper limit": "number", "Signal": "text"}
    return Table("Months", "The ICB by month, with the limits of its common ups and downs", columns, rows)


def _run_chart(months: pd.DataFrame, unit: str) -> str:
    kinds = months["is_special_cause"].map({True: "special cause", False: "common cause"})
    points = months.assign(
        kind=kinds, said=[f"{r.month}: {number(r.value)} {unit.lower()}" for r in months.itertuples(index=False)]
    )
    last = months.iloc[-1]
    levels = pd.DataFrame({"value": [last["mean"], last["lower"], last["upper"]], "is_mean": [True, False, False]})
    return charts.months(points, levels.dropna(), unit)


def _trend_sentence(months: pd.DataFrame) -> str:
    """What the run chart allows to be said; limits from few months are called provisional."""
    if months.empty:
        return ""
    marked = months.loc[months["is_special_cause"].astype(bool), "month"].tolist()
    said = f"Special cause, more than the usual ups and downs: {', '.join(marked)}." if marked else ""
    said = said or "No month stands out from the usual ups and downs."
    if months["is_provisional"].any():
        said += " The limits come from fewer than 12 months and are provisional."
    return said


def _pcn_trends(by_month: pd.DataFrame, found: Comparison) -> str:
    """PCNs whose newest month stands out from their own months before."""
    newest = by_month["month"].max()
    marked = by_month[(by_month["area_type"] == "pcn") & (by_month["month"] == newest) & by_month["is_special_cause"]]
    names = sorted(found.by_code[code].area_name for code in marked["area_code"] if code in found.by_code)
    if not names:
        return f"In {newest} no PCN stands out from its own months before."
    few = " Limits from fewer than 12 months are provisional." if marked["is_provisional"].any() else ""
    return f"In {newest} these PCNs stand out from their own months before: {named(names)}.{few}"


def place_sentence(geography: pd.DataFrame, /) -> str:
    """What a place is here, where no local map of places says it; nothing where one does.

    `geography` is `core_geography`.
    """
    by_location = geography["place_basis"].eq("sub_icb_location")
    if not by_location.any():
        return ""
    which = (
        "A place here is" if by_location.all() else "For practices that the local map of places leaves out, a place is"
    )
    return f"{which} the sub-ICB location, because no local map of places says otherwise."
