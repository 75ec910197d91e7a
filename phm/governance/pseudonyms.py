"""Pseudonyms of NHS numbers, and the site key they are made with.

Belongs here: everything that touches the key. The key stays inside one object: it is never printed, logged or
put into SQL, where it would show in query plans.
"""

import base64
import hashlib
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from phm.errors import ConfigurationError

MINIMUM_KEY_BYTES = 32
PSEUDONYM_DIGITS = 32

# Public on purpose: pseudonyms of synthetic people must be the same on every machine that runs the demo.
_DEMO_KEY = b"phm demonstration key: public, only for synthetic people"

_BLOCK_BYTES = 64


class Pseudonymiser:
    """Turns NHS numbers into pseudonyms under one site key.

    A pseudonym is the first 32 hexadecimal digits of HMAC-SHA256(key, NHS number). Without the key it cannot be
    linked back by trying all numbers; with it anyone can, so the key belongs to the site and to nobody else.

    >>> Pseudonymiser.demo().person_ids(["9990000018"])[0].as_py()
    '6a8ed281200dfa2cf137b7a066e84dcf'
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) < MINIMUM_KEY_BYTES:
            raise ConfigurationError(
                f"The site key is shorter than {MINIMUM_KEY_BYTES} bytes",
                hint="Make one with `phm key create`, and keep it safe: lists of earlier months depend on it.",
            )
        # RFC 2104, with both padded key blocks hashed once instead of once per number.
        block = (hashlib.sha256(key).digest() if len(key) > _BLOCK_BYTES else key).ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def __repr__(self) -> str:
        return "Pseudonymiser(key not shown)"

    def __reduce__(self) -> str:
        raise TypeError("A pseudonymiser is not pickled: that would write its key state down.")

    @classmethod
    def demo(cls) -> "Pseudonymiser":
        """The pseudonymiser for synthetic people, under a key that is public."""
        return cls(_DEMO_KEY)

    @classmethod
    def throwaway(cls) -> "Pseudonymiser":
        """One under a random key that nobody keeps: for looking at a file without storing anything."""
        return cls(secrets.token_bytes(MINIMUM_KEY_BYTES))

    @classmethod
    def from_file(cls, path: Path) -> "Pseudonymiser":
        """Under the text in `path`, refused where others than the owner may read or change the file.

        Windows has no such permission bits; there the folder's access list must protect the file.
        """
        try:
            status = path.stat()
            content = path.read_bytes()
        except OSError as error:
            raise ConfigurationError(
                "The site key file cannot be read", name=str(path), hint="Make one with `phm key create`."
            ) from error
        if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigurationError(
                "The site key file can be read or changed by others", name=str(path), hint=f"Run: chmod 600 {path}"
            )
        return cls(content.strip())

    @classmethod
    def from_key(cls, site_key: str | None, path: Path) -> "Pseudonymiser":
        """Under `site_key` where a site injects its secrets as settings, otherwise under the key in file `path`."""
        return cls(site_key.strip().encode()) if site_key else cls.from_file(path)

    @property
    def key_id(self) -> str:
        """Tells two keys apart without telling either: for manifests, so that a new key is noticed."""
        return self.person_ids(["key id"])[0].as_py()[:8]

    def person_ids(self, nhs_numbers: Iterable[str] | pa.Array | pa.ChunkedArray) -> pa.Array:
        """The pseudonym of each NHS number, in the same order; pass distinct numbers, each takes about 1 µs."""
        numbers = nhs_numbers.to_pylist() if isinstance(nhs_numbers, pa.Array | pa.ChunkedArray) else nhs_numbers
        inner, outer = self._inner, self._outer
        pseudonyms = []
        for number in numbers:
            first = inner.copy()
            first.update(number.encode())
            second = outer.copy()
            second.update(first.digest())
            pseudonyms.append(second.hexdigest()[:PSEUDONYM_DIGITS])
        return pa.array(pseudonyms, pa.string())

    def entry_ids(self, cohort_id: str, person_ids: Iterable[str]) -> pa.Array:
        """The id of each person's entry on the lists of a cohort, in the same order.

        It is the same in every month, and without the key neither the person's pseudonym nor their entries on lists of
        other cohorts can be told from it.
        """
        return self.person_ids(f"{cohort_id}|{person_id}" for person_id in person_ids)

    def seal(self, text: str) -> str:
        """Eight hexadecimal digits that only this key gives `text`: they tell a text that was changed on its way."""
        return self.person_ids([f"seal|{text}"])[0].as_py()[:8]


def create_key(path: Path) -> None:
    """Write a new random site key to `path`, readable by its owner only; an existing file is never replaced."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigurationError(
            "There is a site key already", name=str(path), hint="Losing it breaks the link to earlier months."
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(secrets.token_bytes(MINIMUM_KEY_BYTES)) + b"\n")
