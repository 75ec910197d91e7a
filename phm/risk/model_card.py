"""The model card: what a site reads before it switches a model on, written from the run that trained it.

Belongs here: words, tables and plots. Every figure comes from the record of the artefact; counts are to the nearest 5
and groups of under 50 measured people are left out. A card stays inside: it does not pass the disclosure gate.
"""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
import sklearn
import vl_convert

from phm.risk.landmarks import PREDICTORS, UNMEASURED_DAYS, YOUNGEST
from phm.risk.undiagnosed import FOLDS

TEMPLATE = """# Model card: undiagnosed hypertension, {version}

**Status: off** until a site names this version in phm.toml (`undiagnosed_model = "{version}"`). No clinician has signed
it off. {synthetic}

## What it is for

It gives the chance that somebody's usual blood pressure is 140/90 or more, for adults ({youngest} and over) without a
hypertension code, given their readings and what else is recorded. It is meant for people whom nobody has measured for
{unmeasured} days, and it orders invitations to a blood pressure check. How soon a raised reading is acted on is decided
by the tiers of a list, not by this number.

**Not for**: diagnosis; pregnancy and the 8 weeks after; palliative care; children; deciding that somebody need *not* be
measured, or that a raised reading need not be repeated; any area or time other than that it was tested on.

## What it was made from

{kept}. Area and month: {trained_on}. scikit-learn {scikit_learn}. Learned from {trained[people]:,} people as known
three and two years before that month (whoever is in both counts twice), of whom {trained[measured]:,} were measured in
the year after ({trained[practices]} practices); tested on {tested[people]:,} people of one year before,
{tested[measured]:,} of them measured. No truth and no later diagnosis was used.

- **Readings**: all on record in the clinic and averages at home or on the move become one belief about usual pressure,
  around what is usual at that age, sex, weight, ethnic group and deprivation. How much people and readings vary comes
  from the site's own; what a white coat adds and how steady an average is are set (local).
- **Outcome**: usual pressure of 140/90 or more, as a chance given what was known and the readings of the year; 1 where
  it was diagnosed.
- **Who is measured**: those measured stand for all by the inverse of their chance of being measured (at most 10 times).
- **Candidates**, by log loss on practices not seen ({folds} folds at most); the simplest within one standard error of
  the best is kept and calibrated on its predictions for those practices, which may make it less bold, never bolder:

{candidates}

- **Predictors**: what the readings say, and {predictors}.

## How good it was in the year after

| | value | 95% interval |
|---|---:|---|
| area under the ROC curve | {auc[value]:.3f} | {auc[lower]:.3f} to {auc[upper]:.3f} |
| calibration slope | {slope[value]:.2f} | {slope[lower]:.2f} to {slope[upper]:.2f} |
| mean predicted, found | {predicted:.3f}, {found:.3f} | |

![Calibration](calibration.svg)

![Decision curve](decision_curve.svg)

### By group

{groups}

## Limits

- Of people it finds, some have white coat hypertension. Confirm by ambulatory or home monitoring before any code.
- The outcome begins with the belief that is also a predictor: the slope above is one against the year's readings as far
  as they change that belief, and tells little about a belief that is wrong for a whole group.
- A diagnosis counts as found by routine measuring. Where diagnoses come from elsewhere (hospital, private care), people
  who were not measured look more hypertensive than they are.
- Weights repair only what the predictors explain: if people who stay away differ in ways nobody recorded, the
  probability is wrong for just those it is meant for.
- Who died, left or moved in during the three years is not in it.
- The range on a list is that of people with about the same probability, not of one person.
- The area under the curve counts chances as outcomes; it is lower than one against known outcomes would be.
"""


INVENTED = "**Everybody in its data is invented**: it must not be used for real people."


def model_card(record: Mapping[str, Any], /, *, kept: str, trained_on: str, is_synthetic: bool) -> str:
    """The card as Markdown; `{version}` stays in it for whoever names the version."""
    values = {
        **record,
        "version": "{version}",
        "synthetic": INVENTED if is_synthetic else "",
        "kept": f"Kept: {kept}",
        "trained_on": trained_on,
        "scikit_learn": sklearn.__version__,
        "youngest": YOUNGEST,
        "unmeasured": UNMEASURED_DAYS,
        "folds": FOLDS,
        "predictors": ", ".join(f"`{name}`" for name in PREDICTORS),
        "candidates": _table(
            record["candidates"], {"name": "", "loss": ".4f", "worse_by": ".4f", "standard_error": ".4f"}
        ),
        "groups": _table(
            record["groups"],
            {"group": "", "measured": ",", "predicted": ".3f", "found": ".3f", "slope": ".2f", "slope_lower": ".2f",
             "slope_upper": ".2f"},
        ),
    }  # fmt: skip
    return TEMPLATE.format(**values)


def plots(record: Mapping[str, Any], /) -> dict[str, str]:
    """The card's plots as SVG, by name of file."""
    by_bin = alt.Chart(pd.DataFrame(record["bins"]))
    ideal = alt.Chart(pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})).mark_line(color="#768692", strokeDash=[4, 4])
    calibration = (
        ideal.encode(x="x", y="y")
        + by_bin.mark_rule(color="#005EB8").encode(x="predicted", y="lower", y2="upper")
        + by_bin.mark_point(color="#005EB8", filled=True, size=60).encode(
            x=alt.X("predicted", title="Predicted"), y=alt.Y("found", title="Found in the year after")
        )
    )
    benefit = pd.DataFrame(record["net_benefit"]).melt("threshold", var_name="measure", value_name="net benefit")
    decision = alt.Chart(benefit).mark_line(point=True).encode(
        x=alt.X("threshold", title="Probability from which people are measured"),
        y="net benefit",
        color=alt.Color("measure", scale=alt.Scale(range=["#768692", "#005EB8"])),
    )  # fmt: skip
    charts = {"calibration.svg": calibration, "decision_curve.svg": decision}
    return {
        name: vl_convert.vegalite_to_svg(chart.properties(width=340, height=260).to_dict())
        for name, chart in charts.items()
    }


def _table(rows: list[dict[str, Any]], formats: Mapping[str, str]) -> str:
    head = "| " + " | ".join(name.replace("_", " ") for name in formats) + " |"
    line = "|" + "|".join("---" if not form else "---:" for form in formats.values()) + "|"
    body = ["| " + " | ".join(format(row[name], form) for name, form in formats.items()) + " |" for row in rows]
    return "\n".join([head, line, *body])
