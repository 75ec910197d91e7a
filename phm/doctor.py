"""What is configured, what is missing, what to do: the findings `phm doctor` prints."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from phm.config import Settings
from phm.errors import PhmError
from phm.site import store_of


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `what` it is, its `state`, what was `found`, and `advice` where something is to be done."""

    what: str
    state: Literal["ok", "missing", "wrong"]
    found: str
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Findings about a site, in the order in which things are needed."""
    return [
        *_folders(settings),
        _key(settings),
        _deliveries(settings),
        *_definitions(settings),
        _published(settings),
        _java(),
    ]


def _folders(settings: Settings) -> Iterator[Finding]:
    for what, folder in (("home", settings.home), ("vault", settings.vault_dir)):
        if not folder.is_dir():
            yield Finding(what, "missing", str(folder), "It is made by the first `phm run`.")
        elif what == "vault" and folder.stat().st_mode & 0o077:
            yield Finding(what, "wrong", f"{folder} can be read by others", f"Run: chmod 700 {folder}")
        else:
            yield Finding(what, "ok", str(folder))
    yield Finding("engine", "ok", f"{settings.threads} threads, at most {settings.memory_limit} of memory")


def _key(settings: Settings) -> Finding:
    from phm.governance.pseudonyms import Pseudonymiser

    try:
        Pseudonymiser.from_key(settings.site_key, settings.key_path)
    except PhmError as error:
        state = "wrong" if settings.key_path.exists() else "missing"
        return Finding("site key", state, error.what, error.hint)
    return Finding("site key", "ok", "in the environment" if settings.site_key else str(settings.key_path))


def _deliveries(settings: Settings) -> Finding:
    from phm.feeds.deliveries import delivered_partitions

    try:
        found = delivered_partitions(settings.feeds)
    except PhmError as error:
        return Finding("deliveries", "missing", error.what, error.hint)
    newest = found[-1]
    return Finding(
        "deliveries", "ok", f"{len(found)} in {settings.feeds}, the newest {newest.month} of {newest.icb_code}"
    )


def _definitions(settings: Settings) -> Iterator[Finding]:
    from phm.cohorts.definition import load_definitions
    from phm.core.codelists import load_code_lists

    try:
        lists = load_code_lists(settings.code_lists)
        concepts = len(set(lists["concept"].to_pylist()))
        where = f"{concepts} concepts, {lists.num_rows} codes"
        if settings.code_lists:
            yield Finding("code lists", "ok", f"{where}; your own from {settings.code_lists}")
        else:
            advice = "These are small examples. Set code_lists to a folder with your full lists before using real data."
            yield Finding("code lists", "missing", f"{where}, shipped with phm", advice)
        for definition in load_definitions(settings.definitions):
            yield Finding(
                "cohort", "ok", f"{definition.id} {definition.version}; sign-off: {definition.clinical_sign_off}"
            )
    except PhmError as error:
        yield Finding("definitions", "wrong", error.what, error.hint)


def _published(settings: Settings) -> Finding:
    partitions = store_of(settings).partitions()
    if not partitions:
        return Finding("published", "missing", "nothing yet", "Run `phm run`, or `phm run --demo` to see one.")
    newest = partitions[-1]
    return Finding("published", "ok", f"{len(partitions)} partition(s), the newest {newest.month} of {newest.icb_code}")


def _java() -> Finding:
    java = shutil.which("java")
    return Finding("Java", "ok" if java else "missing", java or "not found", "" if java else "Only needed for Spark.")
