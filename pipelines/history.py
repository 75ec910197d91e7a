"""Dagster's history in SQLite, for the length of one run: the same files, through connections that stay open.

Dagster's own storages make an engine and a connection for every statement, so that SQLAlchemy compiles each statement
anew and SQLite puts its log away each time the last connection is closed. Of a run of a few thousand people that was a
quarter of the time. Processes that live on, as those of `dagster dev`, keep Dagster's own.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, inspect


def storages(folder: Path) -> dict[str, Any]:
    """What an instance's configuration says of its storages: the history below a folder, where Dagster looks for it."""
    history = folder / "history"
    return {
        "run_storage": {"module": __name__, "class": "RunHistory", "config": {"base_dir": str(history)}},
        "event_log_storage": {
            "module": __name__,
            "class": "EventHistory",
            "config": {"base_dir": str(history / "runs")},
        },
    }


def _engine(url: str) -> Engine:
    return create_engine(url, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS})


class RunHistory(SqliteRunStorage):
    """Which runs there were, and how they ended."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None):
        self._engine = _engine(conn_string)
        super().__init__(conn_string, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]):
        return cls.from_local(inst_data=inst_data, **config_value)

    def connect(self) -> AbstractContextManager[Connection]:
        return self._engine.begin()

    def dispose(self) -> None:
        super().dispose()
        self._engine.dispose()


class EventHistory(SqliteEventLogStorage):
    """What happened in each run: a database for each, and one that is searched across all."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None):
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]):
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def run_connection(self, run_id: str | None = None) -> Iterator[Connection]:
        shard = run_id or INDEX_SHARD_NAME
        if shard not in self._engines:
            with super().run_connection(shard):  # makes the database where there is none
                self._engines[shard] = _engine(self.conn_string_for_shard(shard))
        with self._engines[shard].begin() as connection:
            yield connection

    def index_connection(self) -> AbstractContextManager[Connection]:
        return self.run_connection(INDEX_SHARD_NAME)

    def has_table(self, table_name: str) -> bool:
        with self.index_connection() as connection:
            return inspect(connection).has_table(table_name)

    def dispose(self) -> None:
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
