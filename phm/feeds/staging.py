"""One batch of delivered records in a temporary DuckDB table: values, and the rules each row breaks.

Belongs here: the SQL of landing, batch by batch. One scan evaluates every rule as one bit of the column `broken`,
so a rejected row carries all its reasons.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from phm.errors import PhmError, UnreadableFeed
from phm.feeds import row_sql
from phm.feeds.contracts import Contract
from phm.feeds.layout import record_schema
from phm.feeds.readers import DeliveredFile
from phm.feeds.schema import DatasetRule, RowRule, literal, quoted
from phm.governance.pseudonyms import Pseudonymiser

_SOURCE_FILE = pa.field("source_file", pa.int32())

RECORD_SHAPE = RowRule(
    "record_shape", "shape", "true", "error", "conformity", "A record has as many fields as the header.", ""
)


def uniqueness_rules(contract: Contract) -> tuple[DatasetRule, ...]:
    """The rules that quarantine repeated rows at landing."""
    return tuple(rule for rule in contract.dataset_rules if rule.rejects_rows)


def landing_rules(contract: Contract) -> tuple[RowRule | DatasetRule, ...]:
    """Every rule evaluated at landing; the place of a rule is its bit in the mask."""
    return (RECORD_SHAPE, *contract.row_rules, *uniqueness_rules(contract))


class Stage:
    """The temporary tables of one feed being landed, on a cursor of their own.

    `staged` holds the current batch: one row is one delivered record, with `source_file` (an index), `row_number`,
    `broken` and those of the contract's columns that something is made of. `quarantine` and `identity` collect rows
    over all batches. Of the landed table only `columns` are written.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        contract: Contract,
        pseudonymiser: Pseudonymiser,
        reference_date: dt.date,
        *,
        columns: Collection[str],
        keep_identity: bool,
    ) -> None:
        self._cursor = cursor
        self._contract = contract
        self._pseudonymiser = pseudonymiser
        self._reference_date = reference_date
        self._files: Sequence[DeliveredFile] = ()
        self.rules = landing_rules(contract)
        self._rejecting = sum(1 << i for i, rule in enumerate(self.rules) if rule.severity == "error")
        self._has_practice = "practice_code" in contract.column_names
        identifying = {"nhs_number", "date_of_birth", "practice_code", "registration_date"}
        self.keeps_identity = keep_identity and identifying <= set(contract.column_names)
        landed = zip(contract.columns, contract.landed().columns, strict=True)
        self._written = tuple(column for column, as_landed in landed if as_landed.name in columns)
        self._needs_person = self.keeps_identity or any(c.name == "nhs_number" for c in self._written)
        self._staged = {column.name for column in self._written}.union(
            identifying if self.keeps_identity else (),
            ["practice_code"] if self._has_practice else (),
            *(rule.columns for rule in uniqueness_rules(contract)),
        )
        cursor.execute(row_sql.IS_NHS_NUMBER)
        practice = ", practice_code VARCHAR" if self._has_practice else ""
        cursor.execute(
            f"CREATE TEMP TABLE quarantine (source_file VARCHAR, row_number BIGINT, rule_ids VARCHAR{practice})"
        )
        if self.keeps_identity:
            cursor.execute(
                "CREATE TEMP TABLE identity (person_id VARCHAR, nhs_number VARCHAR, date_of_birth DATE, "
                "practice_code VARCHAR, registration_date DATE)"
            )

    def load(self, files: Sequence[DeliveredFile]) -> None:
        """Parse `files` into `staged`, with a bit set in `broken` for every rule a row breaks."""
        self._files = files
        if not self._load_plain():
            self._load_records()
        for rule in uniqueness_rules(self._contract):
            self._mark_repeated(rule)

    def _load_plain(self) -> bool:
        """Have the engine read a single file by itself, if it can and finds the records that were counted in it."""
        plain = self._files[0].plain if len(self._files) == 1 else None
        if plain is None:
            return False
        query = plain.query(self._contract.column_names)
        try:
            self._judge(f"(SELECT 0::INTEGER AS source_file, * FROM ({query}))")
        except duckdb.InvalidInputException:  # a record with too few fields
            return False
        return self._cursor.execute("SELECT count(*) FROM staged").fetchone() == (self._files[0].records,)

    def _load_records(self) -> None:
        failure: list[PhmError] = []
        schema = record_schema(self._contract).append(_SOURCE_FILE)
        self._cursor.register("delivered", pa.RecordBatchReader.from_batches(schema, _records(self._files, failure)))
        try:
            self._judge("delivered")
        except duckdb.Error:
            if failure:
                raise failure[0] from None
            raise
        finally:
            self._cursor.unregister("delivered")

    def _judge(self, source: str) -> None:
        """Make `staged` from `source`, records as the readers yield them with their `source_file`."""
        # Each rule is a column of its own before they are put together: within a conjunction or a CASE the engine
        # would work the same subexpression out again wherever it stands.
        verdicts = {
            f'"rule {place}"': row_sql.holds_sql(rule, self._contract, reference_date=self._reference_date)
            for place, rule in enumerate(self._contract.row_rules)
        }
        judged = "".join(f", {condition} AS {name}" for name, condition in verdicts.items())
        # A record of another shape has no columns to judge: that it is malformed is its only reason.
        mask = row_sql.mask_sql(["true", *verdicts])
        values = row_sql.values_sql(self._contract.columns, source, ("source_file", "row_number", "is_malformed"))
        names = "".join(f", {quoted(name)}" for name in self._contract.column_names if name in self._staged)
        self._cursor.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE staged AS
            WITH {values},
            judged AS (SELECT *{judged} FROM "values")
            SELECT source_file, row_number, CASE WHEN is_malformed THEN 1 ELSE {mask} END AS broken{names}
            FROM judged
            """
        )

    def _mark_repeated(self, rule: DatasetRule) -> None:
        """Of rows that are the same in the rule's columns, all but the first acceptable one break the rule."""
        key = ", ".join(map(quoted, rule.columns))
        acceptable = f"broken & {self._rejecting} = 0"
        # Where each row's key is above that of the row before, as in most extracts, none can be there twice.
        falls = f"SELECT ({row_sql.rises_sql(rule.columns)}) IS NOT TRUE AS falls FROM staged WHERE {acceptable}"
        if self._cursor.execute(f"SELECT count(*) <= 1 FROM ({falls}) WHERE falls").fetchone() == (True,):
            return  # the first row has none before it
        self._cursor.execute(
            f"""
            CREATE OR REPLACE TEMP TABLE repeated AS
            SELECT {key} FROM staged WHERE {acceptable} GROUP BY {key} HAVING count(*) > 1
            """
        )
        if self._cursor.execute("SELECT count(*) FROM repeated").fetchone() == (0,):
            return
        self._cursor.execute(
            f"""
            UPDATE staged SET broken = broken | {1 << self.rules.index(rule)}
            WHERE rowid IN (
                SELECT rowid FROM (
                    SELECT rowid, row_number() OVER (PARTITION BY {key} ORDER BY source_file, row_number) AS place
                    FROM staged SEMI JOIN repeated USING ({key}) WHERE {acceptable}
                ) WHERE place > 1
            )
            """
        )

    def check_practices(self) -> None:
        """Raise UnreadableFeed where a file holds rows of another practice than the one it is named after."""
        named = (f"WHEN {i} THEN {literal(file.path.name.split('.')[0])}" for i, file in enumerate(self._files))
        found = self._cursor.execute(
            f"""
            SELECT source_file, min(practice_code) FROM staged
            WHERE practice_code <> CASE source_file {" ".join(named)} END AND {self._is_practice_code()}
            GROUP BY source_file ORDER BY source_file LIMIT 1
            """
        ).fetchone()
        if found:
            index, other = found
            raise UnreadableFeed(
                f"A practice file is named after another practice than the one inside: {other}",
                name=self._files[index].name,
                hint="Each file holds one practice and is called <practice code>.csv.",
            )

    def tally(self) -> list[tuple[int, int, int]]:
        """Rows of the batch by (index of file, mask of rules broken, number of rows)."""
        return self._cursor.execute(
            "SELECT source_file, broken, count(*) FROM staged GROUP BY ALL ORDER BY ALL"
        ).fetchall()

    def is_rejected(self, broken: int) -> bool:
        return bool(broken & self._rejecting)

    def quarantine(self) -> None:
        """Note where the rejected rows of the batch stand and why; no value of theirs but a practice code."""
        reasons = ", ".join(
            f"CASE WHEN broken & {1 << i} <> 0 THEN {literal(rule.id)} END"
            for i, rule in enumerate(self.rules)
            if rule.severity == "error"
        )
        names = ", ".join(literal(file.name) for file in self._files)
        # In a shifted record anything may stand in the place of the practice code.
        practice = f", CASE WHEN {self._is_practice_code()} THEN practice_code END" if self._has_practice else ""
        self._cursor.execute(
            f"""
            INSERT INTO quarantine
            SELECT [{names}][source_file + 1], row_number, concat_ws(';', {reasons}){practice}
            FROM staged WHERE broken & {self._rejecting} <> 0
            """
        )

    def accept(self, part: Path) -> int:
        """Write the accepted rows of the batch to `part`, identifiers replaced; their number."""
        if self._needs_person:
            self._pseudonymise()
        source = "staged JOIN pseudonym USING (nhs_number)" if self._needs_person else "staged"
        accepted = f"broken & {self._rejecting} = 0"
        if self.keeps_identity:
            self._cursor.execute(
                f"""
                INSERT INTO identity SELECT person_id, nhs_number, date_of_birth, practice_code, registration_date
                FROM {source} WHERE {accepted}
                """
            )
        values = {
            "nhs_number": "person_id",
            "date_of_birth": f"{row_sql.age_sql('date_of_birth', self._reference_date)} AS age",
        }
        columns = ", ".join(values[c.name] if c.is_identifiable else quoted(c.name) for c in self._written)
        return self._copy(f"SELECT {columns} FROM {source} WHERE {accepted} ORDER BY source_file, row_number", part)

    def take_over(self, other: "Stage") -> None:
        """Add what another stage has quarantined and identified."""
        for table in ("quarantine", "identity") if self.keeps_identity else ("quarantine",):
            self._cursor.register("taken", other._cursor.execute(f"FROM {table}").to_arrow_table())
            self._cursor.execute(f"INSERT INTO {table} FROM taken")
            self._cursor.unregister("taken")

    def write_quarantine(self, part: Path) -> int:
        """Write the rejected rows of all batches to `part`; their number."""
        return self._copy("SELECT * FROM quarantine ORDER BY source_file, row_number", part)

    def write_identity(self, part: Path) -> int:
        """Write one row per person, the latest registration, to `part`; their number."""
        part.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.touch(mode=0o600)
        rows = self._copy(
            """
            SELECT person_id, nhs_number, date_of_birth, practice_code FROM identity
            QUALIFY row_number() OVER (PARTITION BY person_id ORDER BY registration_date DESC, practice_code) = 1
            ORDER BY person_id
            """,
            part,
        )
        part.chmod(0o600)
        return rows

    def _pseudonymise(self) -> None:
        """Make the table `pseudonym` for the batch. The key stays in Python: SQL shows in plans and logs."""
        distinct = self._cursor.execute(
            f"SELECT DISTINCT nhs_number FROM staged WHERE broken & {self._rejecting} = 0 ORDER BY nhs_number"
        ).to_arrow_table()
        numbers = distinct.column("nhs_number")
        mapping = distinct.append_column("person_id", self._pseudonymiser.person_ids(numbers))
        self._cursor.register("mapping", mapping)
        self._cursor.execute("CREATE OR REPLACE TEMP TABLE pseudonym AS SELECT * FROM mapping")
        self._cursor.unregister("mapping")

    def _copy(self, query: str, part: Path) -> int:
        return self._cursor.execute(
            f"COPY ({query}) TO {literal(part)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)"
        ).fetchone()[0]

    def _is_practice_code(self) -> str:
        patterns = [r.condition for r in self._contract.row_rules if (r.kind, r.column) == ("pattern", "practice_code")]
        return " AND ".join(patterns) or "practice_code IS NOT NULL"


def _records(files: Sequence[DeliveredFile], failure: list[PhmError]) -> Iterator[pa.RecordBatch]:
    """The records of `files`; an error on the way is kept in `failure`, since DuckDB passes on its text only."""
    try:
        for index, file in enumerate(files):
            for batch in file.read():
                source = pa.array(np.full(batch.num_rows, index, np.int32))
                yield batch.append_column(_SOURCE_FILE, source)
    except PhmError as error:
        failure.append(error)
        raise
