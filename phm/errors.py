"""Errors a user can act on: what happened, which name, what to try.

Every error this package raises on purpose is a `PhmError`. Its text names files, columns, codes of areas
and definitions; it never carries a value that belongs to a patient. The command line prints it as one short
message and exits with the class's `exit_code`; anything else is a defect and shows a traceback.
"""


class PhmError(Exception):
    """Something a user can put right.

    Parameters
    ----------
    what
        What happened, as one sentence without a final stop.
    name
        The file, column, setting or definition concerned.
    hint
        What to try next.
    """

    exit_code = 1

    def __init__(self, what: str, *, name: str | None = None, hint: str) -> None:
        self.what = what
        self.name = name
        self.hint = hint
        super().__init__(f"{what}{f' ({name})' if name else ''}. {hint}")


class CheckFailed(PhmError):
    """Data were read, but break a rule that must hold."""

    exit_code = 1


class UnreadableFeed(PhmError):
    """A delivered file is missing, empty or cannot be read as its contract says."""

    exit_code = 2


class ConfigurationError(PhmError):
    """A setting, key or folder is missing or wrong."""

    exit_code = 3


class DefinitionError(PhmError):
    """A contract, cohort or measure definition is wrong."""

    exit_code = 4


class DisclosureError(PhmError):
    """A table may not leave, because it would tell too much."""

    exit_code = 5


class StoreError(PhmError):
    """A published table is missing or not what its manifest says."""

    exit_code = 6


class RunStopped(PhmError):
    """A run was ended from outside before it was done; the exit code is a shell's for Ctrl-C."""

    exit_code = 130
