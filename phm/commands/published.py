"""Which published month a command is about: the one asked for, or the newest."""

from phm.errors import ConfigurationError, StoreError
from phm.store import Partition, Store


def published_partition(store: Store, /, *, month: str | None, icb_code: str | None) -> Partition:
    """The partition asked for: of the newest month unless one is named, and of the only ICB unless one is named.

    StoreError where nothing of the kind is published, ConfigurationError where several ICBs are.
    """
    published = [p for p in store.partitions() if icb_code in (None, p.icb_code) and month in (None, p.month)]
    if not published:
        raise StoreError("Nothing is published for it", name=str(store.home), hint="Run `phm run` first.")
    newest = [p for p in published if p.month == published[-1].month]
    if len(newest) > 1:
        names = ", ".join(p.icb_code for p in newest)
        raise ConfigurationError("Several ICBs are published", name=names, hint="Name one with --icb.")
    return newest[0]
