"""One batch of delivered records in a temporary DuckDB table: values, and the rules each row breaks.

Belongs here: the SQL of landing, batch by batch. One scan evaluates every rule as one bit of the column `broken`,
so a rejected row carries all its reasons.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from phm.errors import PhmError, UnreadableFeed
from phm.feeds import keys, row_sql
from phm.feeds.contracts import Contract
from phm.feeds.layout import record_schema
from phm.feeds.plain import PlainText
from phm.feeds.readers import DeliveredFile
from phm.feeds.schema import literal, quoted
from phm.feeds.sums import sum_up
from phm.governance.pseudonyms import Pseudonymiser
from phm.store import AS_PARQUET

_SOURCE_FILE = pa.field("source_file", pa.int32())


class Stage:
    """The temporary tables of one feed being landed, on a cursor of their own.

    `staged` holds the current batch: one row is one delivered record, with `source_file` (an index), `row_number`,
    `broken` and those of the contract's columns that something is made of. `quarantine` and `identity` collect rows
    over all batches. Of the landed table only `columns` are written. Unless rows are wanted `in_rows`, those that are
    the same in what is kept may stand in `staged` and in what is written once, with the number of `records`.
    """

    def __init__(
        self,
        cursor: duckdb.DuckDBPyConnection,
        contract: Contract,
        pseudonymiser: Pseudonymiser,
        reference_date: dt.date,
        *,
        columns: Collection[str],
        in_rows: bool,
        keep_identity: bool,
    ) -> None:
        self._cursor = cursor
        self._contract = contract
        self._pseudonymiser = pseudonymiser
        self._reference_date = reference_date
        self._files: Sequence[DeliveredFile] = ()
        self.rules = row_sql.landing_rules(contract)
        self._rejecting = sum(1 << i for i, rule in enumerate(self.rules) if rule.severity == "error")
        self._has_practice = "practice_code" in contract.column_names
        self._is_alone = cursor.execute("SELECT current_setting('threads')").fetchone() == (1,)
        self._in_rows = in_rows
        identifying = {"nhs_number", "date_of_birth", "practice_code", "registration_date"}
        self.keeps_identity = keep_identity and identifying <= set(contract.column_names)
        landed = zip(contract.columns, contract.landed().columns, strict=True)
        self._written = tuple(column for column, as_landed in landed if as_landed.name in columns)
        self._needs_person = self.keeps_identity or any(c.name == "nhs_number" for c in self._written)
        self._kept = {column.name for column in self._written}.union(
            identifying if self.keeps_identity else (), ["practice_code"] if self._has_practice else ()
        )
        self._later = row_sql.rules_about(contract, self._kept)
        self._keys = {name for rule in row_sql.uniqueness_rules(contract) for name in rule.columns}
        cursor.execute(row_sql.IS_NHS_NUMBER)
        cursor.execute(
            "CREATE TEMP TABLE quarantine "
            "(source_file VARCHAR, row_number BIGINT, rule_ids VARCHAR, practice_code VARCHAR)"
        )
        if self.keeps_identity:
            cursor.execute(
                "CREATE TEMP TABLE identity (person_id VARCHAR, nhs_number VARCHAR, date_of_birth DATE, "
                "practice_code VARCHAR, registration_date DATE)"
            )

    def load(self, files: Sequence[DeliveredFile]) -> None:
        """Parse `files` into `staged`, with a bit set in `broken` for every rule a row breaks."""
        self._files = files
        plain = files[0].plain if len(files) == 1 else None
        if plain and not self._in_rows and self._can_read(self._sum_up, plain):
            return
        # Of an engine with several threads one would read alone: there, they judge what the parser reads.
        if not (plain and self._is_alone and self._can_read(self._stage_plain, plain)):
            self._load_records()
        is_one_practice = self._contract.one_practice_per_file and len(files) == 1
        for rule in row_sql.uniqueness_rules(self._contract):
            keys.mark_repeated(
                self._cursor,
                rule,
                acceptable=f"broken & {self._rejecting} = 0",
                bit=1 << self.rules.index(rule),
                rising=keys.rises(rule.columns, is_one_practice=is_one_practice),
            )

    def _can_read(self, fill: Callable[[PlainText], int | None], plain: PlainText) -> bool:
        """Whether the engine finds in a plain file the records that were counted in it, when it fills `staged`."""
        try:
            return fill(plain) == self._files[0].records
        except (duckdb.InvalidInputException, duckdb.OutOfMemoryException):
            return False  # there is a record with too few fields; or so many that their keys do not fit

    def _load_records(self) -> None:
        failure: list[PhmError] = []
        schema = record_schema(self._contract).append(_SOURCE_FILE)
        self._cursor.register("delivered", pa.RecordBatchReader.from_batches(schema, _records(self._files, failure)))
        try:
            self._stage("delivered")
        except duckdb.Error:
            if failure:
                raise failure[0] from None
            raise
        finally:
            self._cursor.unregister("delivered")

    def _stage_plain(self, plain: PlainText) -> int:
        return self._stage(self._read(plain, numbered=True))

    def _stage(self, source: str) -> int:
        """Make `staged` from `source`, records as the readers yield them with their `source_file`; their number."""
        columns = row_sql.listed(self._contract, self._kept | self._keys)
        judged = row_sql.judged_sql(self._contract, source, row_sql.BESIDE, reference_date=self._reference_date)
        query = f"{judged} SELECT source_file, row_number, 1 AS records, broken{columns} FROM judged"
        return self._cursor.execute(f"CREATE OR REPLACE TEMP TABLE staged AS {query}").fetchone()[0]

    def _sum_up(self, plain: PlainText) -> int | None:
        return sum_up(
            self._cursor,
            self._contract,
            self._read(plain, numbered=False),
            kept=self._kept,
            later=self._later,
            reference_date=self._reference_date,
            in_order=self._is_alone,
        )

    def _read(self, plain: PlainText, *, numbered: bool) -> str:
        query = plain.query(self._contract.column_names, numbered=numbered)
        return f"(SELECT 0::INTEGER AS source_file, * FROM ({query}))"

    def check_practices(self) -> None:
        """Raise UnreadableFeed where a file holds rows of another practice than the one it is named after."""
        names = [literal(file.path.name.split(".")[0]) for file in self._files]
        # Of a single file said without the list, in which every row would look its file up.
        named = names[0] if len(names) == 1 else f"list_extract([{', '.join(names)}]::VARCHAR[], source_file + 1)"
        found = self._cursor.execute(
            f"""
            SELECT source_file, min(practice_code) FROM staged
            WHERE practice_code <> {named} AND {self._is_practice_code()}
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
            "SELECT source_file, broken, sum(records)::BIGINT FROM staged GROUP BY ALL ORDER BY ALL"
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
        practice = f"CASE WHEN {self._is_practice_code()} THEN practice_code END" if self._has_practice else "NULL"
        self._cursor.execute(
            f"""
            INSERT INTO quarantine
            SELECT [{names}][source_file + 1], row_number, concat_ws(';', {reasons}), {practice}
            FROM (SELECT *, unnest(range(records)) FROM staged WHERE broken & {self._rejecting} <> 0)
            """
        )

    def accept(self, part: Path) -> int:
        """Write the accepted rows of the batch to `part`, identifiers replaced; their number."""
        if self._needs_person:
            self._pseudonymise()
        source = f"(FROM staged WHERE broken & {self._rejecting} = 0) AS accepted"
        if self._needs_person:
            source = f"{source} JOIN pseudonym USING (nhs_number)"
        if self.keeps_identity:
            self._cursor.execute(
                f"""
                INSERT INTO identity SELECT person_id, nhs_number, date_of_birth, practice_code, registration_date
                FROM {source}
                """
            )
        values = {
            "nhs_number": "person_id",
            "date_of_birth": f"{row_sql.age_sql('date_of_birth', self._reference_date)} AS age",
        }
        columns = ", ".join(values[c.name] if c.is_identifiable else quoted(c.name) for c in self._written)
        if self._in_rows:
            return self._copy(f"SELECT {columns} FROM {source} ORDER BY source_file, row_number", part)
        self._copy(f"SELECT {columns}, records FROM {source}", part)
        (written,) = self._cursor.execute(f"SELECT sum(records)::BIGINT FROM read_parquet({literal(part)})").fetchone()
        return written or 0

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
        return self._cursor.execute(f"COPY ({query}) TO {literal(part)} ({AS_PARQUET})").fetchone()[0]

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
