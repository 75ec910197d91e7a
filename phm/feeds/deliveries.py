"""Which partitions have been delivered: the folders `<feeds>/<YYYY-MM>/<ICB code>/`."""

from pathlib import Path

from phm.errors import ConfigurationError, UnreadableFeed
from phm.store import Partition


def delivered_partitions(feeds: Path) -> list[Partition]:
    """Every partition with a folder below `feeds`, oldest month first; UnreadableFeed where there is none."""
    found = []
    for folder in sorted(feeds.glob("*/*")):
        if folder.is_dir():
            try:
                found.append(Partition(folder.parent.name, folder.name))
            except ConfigurationError:
                continue  # some other folder that lies beside the deliveries
    if not found:
        raise UnreadableFeed(
            "There are no deliveries",
            name=str(feeds),
            hint="Put them into <feeds>/<YYYY-MM>/<ICB code>/, or try `phm run --demo`.",
        )
    return sorted(found)


def choose_partitions(feeds: Path, *, month: str | None = None, icb_code: str | None = None) -> list[Partition]:
    """Delivered partitions of `month` (None: the newest delivered) and of `icb_code` (None: every ICB).

    Raises
    ------
    UnreadableFeed
        Nothing was delivered for them; the message names the months there are.
    """
    delivered = delivered_partitions(feeds)
    of_icb = [p for p in delivered if icb_code in (None, p.icb_code)]
    wanted = month or max((p.month for p in of_icb), default="")
    chosen = [p for p in of_icb if p.month == wanted]
    if not chosen:
        months = ", ".join(f"{p.month}/{p.icb_code}" for p in delivered[-6:])
        raise UnreadableFeed(
            "Nothing was delivered for it",
            name=f"{month or 'any month'} of {icb_code or 'any ICB'} in {feeds}",
            hint=f"Delivered are: {months}.",
        )
    return chosen
