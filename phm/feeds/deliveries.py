"""What has been delivered: the partitions, in folders `<feeds>/<YYYY-MM>/<ICB code>/`, and of whom all of it."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from phm.errors import CheckFailed, ConfigurationError, UnreadableFeed
from phm.feeds.contracts import load_contracts
from phm.store import Partition

SYNTHETIC_MARKER = "SYNTHETIC.txt"
"""A file of this name in a delivery says that its people are invented."""
_NAMED = 5
"""At most this many practices are named in an error."""


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


def is_synthetic(folder: Path, /) -> bool:
    """Whether the people of a delivery are invented: pages made from it say so."""
    return (folder / SYNTHETIC_MARKER).is_file()


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


def incomplete_practices(records: Mapping[str, Mapping[str, Any]], /) -> dict[str, str]:
    """Practices that did not deliver every feed of one file for each practice, with what is missing, in order of code.

    A list made without a practice's events would call everybody unmeasured: such a practice has to be left out.

    `records` has by table what landing kept of it (`Landing.record()`), for at least the tables of those feeds.

    Raises
    ------
    CheckFailed
        They are a larger share of all practices than the contracts allow of files.
    """
    contracts = [contract for contract in load_contracts().values() if contract.one_practice_per_file]
    found: dict[str, dict[str, str]] = {}
    for contract in contracts:
        for file in records[contract.table]["files"]:
            found.setdefault(_practice_of(file["name"]), {})[contract.name] = ""
        for file in records[contract.table]["failed_files"]:
            found.setdefault(_practice_of(file["name"]), {})[contract.name] = f"{contract.name}: {file['reason']}"
    reasons = {
        practice_code: [of_practice.get(c.name, f"{c.name} was not delivered") for c in contracts]
        for practice_code, of_practice in sorted(found.items())
    }
    incomplete = {code: "; ".join(filter(None, phrases)) for code, phrases in reasons.items() if any(phrases)}
    allowed = min(contract.max_failed_files_percent for contract in contracts)
    if 100 * len(incomplete) > allowed * len(found):
        named = "; ".join(f"{code}: {reason}" for code, reason in list(incomplete.items())[:_NAMED])
        raise CheckFailed(
            f"{len(incomplete)} of {len(found)} practices were delivered in part only, {allowed:g}% may be: {named}",
            name=", ".join(contract.name for contract in contracts),
            hint="Ask for the missing files, or take out the other files of these practices.",
        )
    return incomplete


def _practice_of(file_name: str) -> str:
    return PurePosixPath(file_name).name.split(".")[0]
