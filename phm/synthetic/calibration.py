"""How near a made-up population comes to figures published for England.

What belongs here measures a delivery and its truth against `published_figures.csv`: one row is one published figure
with its source and, where it can be used, what is measured (`kind`, `of`, `among`: SQL over people), otherwise why it
cannot. People are weighted to the ages and sexes of England's registers and to a tenth in each decile of deprivation,
so a place that is older or more deprived than England is compared with it all the same.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from phm.core.codelists import CONCEPTS, load_code_lists
from phm.errors import ConfigurationError
from phm.synthetic.tenancies import MEN, WOMEN

PUBLISHED_FIGURES = Path(__file__).with_name("published_figures.csv")
RELATIVE, POINTS, SMALL = 0.10, 1.0, 10.0
"""A figure is met within 10% of itself, percentages under 10 within one point."""


@dataclass(frozen=True)
class PublishedFigure:
    """One figure published for England; `kind` is empty and `remark` says why where it cannot be compared."""

    topic: str
    measure: str
    who: str
    value: float
    unit: str
    period: str
    source: str
    confidence: str
    kind: str
    of: str
    among: str
    remark: str


@dataclass(frozen=True)
class Comparison:
    """One usable figure and what the population has instead."""

    figure: PublishedFigure
    achieved: float
    people_count: int
    """People measured, unweighted."""

    @property
    def difference(self) -> float:
        """Achieved less published, in the figure's unit."""
        return self.achieved - self.figure.value

    @property
    def is_within(self) -> bool:
        """Whether the figure is met."""
        published = self.figure.value
        allowed = POINTS if self.figure.unit == "%" and published < SMALL else RELATIVE * abs(published)
        return abs(self.difference) <= allowed


def published_figures() -> list[PublishedFigure]:
    """Every figure that was read, usable or not, as in the file."""
    with PUBLISHED_FIGURES.open(encoding="utf-8", newline="") as file:
        return [PublishedFigure(**{**row, "value": float(row["value"])}) for row in csv.DictReader(file)]


_MEASURES = {
    "share": "100 * sum(weight * ({of})::int) / sum(weight) FROM person WHERE ({among})",
    "standardised": "100 * sum(age_weight * ({of})::int) / sum(age_weight) FROM person WHERE ({among})",
    "mean": "sum(weight * ({of})) / sum(weight) FROM person WHERE ({among}) AND ({of}) IS NOT NULL",
    "rate": "100000 * sum(weight * ({of})) / sum(weight) FROM person WHERE ({among})",
    "split": "100 * sum(weight * ({of})::int) FILTER (WHERE {among}) / sum(weight * ({of})::int) FROM person",
    "odds": (
        "(sum(weight) FILTER (WHERE {among} AND ({of})) / sum(weight) FILTER (WHERE {among} AND NOT ({of})))"
        " / (sum(weight) FILTER (WHERE decile = 10 AND ({of})) / sum(weight) FILTER (WHERE decile = 10 AND NOT ({of})))"
        " FROM person"
    ),
}
"""What each kind of figure is computed by: a share of people, the same age-standardised within a fifth, a mean, a rate
for 100,000, a group's share of all there is, odds against decile 10."""


def compare(folder: Path, truth: Path, /, *, month: str) -> list[Comparison]:
    """Each usable published figure against the population of one delivery.

    Parameters
    ----------
    folder
        The delivery, `<feeds>/<month>/<ICB code>`.
    truth
        Its truth file, `<feeds>/truth/<month>_<ICB code>.parquet`.

    Raises
    ------
    ConfigurationError
        The delivery or its truth is not there.
    """
    if not truth.is_file() or not (folder / "gp_event").is_dir():
        raise ConfigurationError(
            "There is no synthetic delivery with its truth", name=str(folder), hint="Make one with `phm synth`."
        )
    con = duckdb.connect()
    _people(con, folder, truth, month)
    compared = []
    for figure in filter(lambda figure: figure.kind, published_figures()):
        measure = _MEASURES[figure.kind].format(of=figure.of, among=figure.among)
        ((achieved,),) = con.sql(f"SELECT {measure}").fetchall()
        ((count,),) = con.sql(f"SELECT count(*) FROM person WHERE {figure.among}").fetchall()
        compared.append(Comparison(figure, float("nan") if achieved is None else achieved, count))
    return compared


_PERSON = """
CREATE TABLE person AS
WITH event AS (
    SELECT nhs_number, event_date, concept, value
    FROM read_csv('{folder}/gp_event/*.csv', types={{'nhs_number': 'VARCHAR', 'snomed_code': 'VARCHAR'}}) e
    JOIN code_list ON code = snomed_code
    WHERE source IN ('practice', 'pharmacy', 'patient') AND event_date <= DATE '{last_day}'
), coded AS (
    SELECT nhs_number, {has} FROM event GROUP BY nhs_number
), reading AS (
    SELECT nhs_number, event_date,
        min(value - added) FILTER (arm = 'systolic') AS systolic,
        min(value - added) FILTER (arm = 'diastolic') AS diastolic
    FROM (
        SELECT *, split_part(concept, '_', 2) AS arm, CASE WHEN concept LIKE '%clinic' THEN 0 ELSE -5 END AS added
        FROM event WHERE concept LIKE 'bp\\_%stolic\\_%' ESCAPE '\\' AND value BETWEEN 20 AND 300
    ) GROUP BY ALL
), pressure AS (
    SELECT nhs_number,
        max_by(systolic, event_date) FILTER (event_date > DATE '{last_day}' - INTERVAL 1 YEAR) AS reading_systolic,
        max_by(diastolic, event_date) FILTER (event_date > DATE '{last_day}' - INTERVAL 1 YEAR) AS reading_diastolic,
        max_by(systolic, event_date) AS mean_systolic,
        stddev_samp(systolic) FILTER (event_date > DATE '{last_day}' - INTERVAL 5 YEAR) AS systolic_sd
    FROM reading GROUP BY nhs_number
), lipid AS (
    SELECT nhs_number, max_by(value, event_date) AS cholesterol_ratio
    FROM event WHERE concept = 'cholesterol_ratio' GROUP BY nhs_number
), attendance AS (
    SELECT nhs_number, count(*) AS attendances
    FROM read_csv('{folder}/emergency_attendance.csv', types={{'nhs_number': 'VARCHAR'}})
    WHERE arrival_date <= DATE '{last_day}' AND arrival_date > DATE '{last_day}' - INTERVAL 1 YEAR
    GROUP BY nhs_number
)
SELECT truth.*, imd_decile AS decile, (imd_decile + 1) // 2 AS fifth, {flags},
    pressure.* EXCLUDE (nhs_number), cholesterol_ratio, coalesce(attendances, 0) AS attendances,
    least(age::int // 5, 19) + CASE WHEN is_male THEN 20 ELSE 0 END AS band
FROM read_parquet('{truth}') truth
LEFT JOIN coded USING (nhs_number) LEFT JOIN pressure USING (nhs_number) LEFT JOIN lipid USING (nhs_number)
LEFT JOIN attendance USING (nhs_number)
WHERE is_registered
"""
"""One row is one current registration: its truth and what is recorded. Home and ambulatory averages are raised by 5 to
compare with the thresholds of a clinic."""


def _people(con: duckdb.DuckDBPyConnection, folder: Path, truth: Path, month: str) -> None:
    """Tables `code_list` and `person`, each person with `weight` and `age_weight`."""
    con.register("code_list", load_code_lists())
    concepts = sorted({word for figure in published_figures() for word in _flags(figure)})
    ((last_day,),) = con.sql(f"SELECT last_day(DATE '{month}-01')").fetchall()
    con.sql(
        _PERSON.format(
            folder=folder,
            truth=truth,
            last_day=last_day,
            has=", ".join(f"bool_or(concept = '{concept}') AS has_{concept}" for concept in concepts),
            flags=", ".join(f"coalesce(has_{concept}, false) AS has_{concept}" for concept in concepts),
        )
    )
    cells = con.sql("SELECT band, decile::int AS decile, count(*) AS n FROM person GROUP BY ALL").fetchnumpy()
    count = np.zeros((40, 10))
    count[cells["band"], cells["decile"] - 1] = cells["n"]
    weight, age_weight = _weights(count)
    band, decile = np.nonzero(count)
    rows = {"band": band, "decile": decile + 1, "weight": weight[band, decile], "age_weight": age_weight[band, decile]}
    con.register("cell", pa.table(rows))
    con.sql("CREATE OR REPLACE TABLE person AS SELECT * FROM person JOIN cell USING (band, decile)")


def _flags(figure: PublishedFigure) -> list[str]:
    """Concepts whose codes a figure asks for."""
    return [of.removeprefix("has_") for of in [figure.of] if of in {f"has_{name}" for name in CONCEPTS}]


def _weights(count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weight of each person by age and sex (rows) and decile (columns).

    The first makes rows England's and columns equal, by proportional fitting; the second makes each fifth's rows
    England's.
    """
    england = np.array([*WOMEN, *MEN], float)
    england /= england.sum()
    held = count > 0
    weight = held.astype(float)
    for _ in range(50):
        rows = (weight * count).sum(axis=1)
        weight *= np.divide(england, rows, out=np.zeros(40), where=rows > 0)[:, None]
        columns = (weight * count).sum(axis=0)
        weight *= np.divide(0.1, columns, out=np.zeros(10), where=columns > 0)
    fifths = count.reshape(40, 5, 2).sum(axis=2)
    age_weight = np.divide(england[:, None], fifths, out=np.zeros((40, 5)), where=fifths > 0)
    return weight, age_weight.repeat(2, axis=1)
