"""Where the files that travel with the code lie, in a checkout and in an installed package."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def contracts_dir() -> Path:
    """Folder of `<name>.odcs.yaml`: inside the installed package, or at the top of a checkout."""
    packaged = _PACKAGE / "contracts"
    return packaged if packaged.is_dir() else _PACKAGE.parent / "contracts"


def library_dir(kind: str) -> Path:
    """Folder of the shipped definitions of one kind: `cohorts` or `measures`."""
    return _PACKAGE / kind / "library"


def source_files() -> list[Path]:
    """Every file whose change can change a published table, sorted by path."""
    roots = [_PACKAGE, contracts_dir()]
    return sorted(
        {f for root in roots for s in ("*.py", "*.yaml", "*.csv", "*.json", "*.j2", "*.css") for f in root.rglob(s)}
    )
