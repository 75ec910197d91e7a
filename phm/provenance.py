"""What a published month was made from: delivered files, code and definitions, engine, key.

Two runs with equal provenance publish equal bytes, so a run whose provenance is already published has nothing to do.
Paths are relative and there are no times in here: those belong to the run, not to what it was made from.
"""

import hashlib
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from phm.resources import source_files

ENGINE_PACKAGES = ("duckdb", "ibis-framework", "pyarrow", "xlsxwriter", "altair")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_sha256(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder`, by path relative to it; empty where there is no such folder."""
    files = sorted(f for f in folder.rglob("*") if f.is_file())
    with ThreadPoolExecutor() as pool:
        return dict(zip((f.relative_to(folder).as_posix() for f in files), pool.map(file_sha256, files), strict=True))


def provenance(
    delivery: Path,
    *,
    code_lists: Path | None,
    definitions: Path | None,
    measures: Path | None,
    asset_needs: Path | None,
    outcomes: Path,
    undiagnosed_model: str | None,
    choices: Mapping[str, Any],
    key_id: str,
) -> dict[str, Any]:
    """Everything that decides what a run of `delivery` publishes.

    `code_lists`, `definitions` (of cohorts) and `measures` are the site's own folders, `asset_needs` is its own file,
    if any; `outcomes` is the folder of answers to its lists; `undiagnosed_model` is the version that is switched on, if
    any; `choices` are settings that decide what is made; `key_id` tells site keys apart without telling them.
    """
    return {
        "inputs": files_sha256(delivery),
        "code": {
            "phm": _own_version(),
            "sha256": _combined(source_files()),
            "packages": {name: version(name) for name in ENGINE_PACKAGES},
        },
        "code_lists": files_sha256(code_lists) if code_lists else {},
        "definitions": files_sha256(definitions) if definitions else {},
        "measures": files_sha256(measures) if measures else {},
        "asset_needs": file_sha256(asset_needs) if asset_needs else None,
        "outcomes": files_sha256(outcomes),
        "undiagnosed_model": undiagnosed_model,
        "choices": dict(choices),
        "key_id": key_id,
    }


def same_provenance(manifest: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether a published manifest was made from exactly `expected`."""
    return all(manifest.get(name) == value for name, value in expected.items())


def _combined(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.name}:{file_sha256(path)}\n".encode())
    return digest.hexdigest()


def _own_version() -> str:
    try:
        return version("phm")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0+unknown"
