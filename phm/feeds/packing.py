"""Delivered files as they come packed: gzip and zip, unpacked as a stream and never onto disk.

Belongs here: what is inside a packed file, and how much it may unpack to. What the bytes mean is for the readers.
"""

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from phm.errors import UnreadableFeed
from phm.feeds.survey import Opener

KINDS = (".csv", ".parquet", ".xlsx")
SUFFIXES = (*KINDS, ".gz", ".zip")
"""How the names of files that can be read end; a gzipped or zipped one holds one of KINDS."""

DAMAGE = (
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    UnicodeError,  # a name inside a packed or Parquet file
    zipfile.BadZipFile,
    NotImplementedError,  # compressed in a way Python does not know
)
"""What reading a file that was damaged on its way, or packed strangely, raises."""

_LAYERS = 2  # a gzipped file in a zip file, and no deeper: a zip file can be made to hold itself

# Published files shrink to about a tenth; one made to fill memory shrinks to a thousandth.
_RATIO, _FLOOR_BYTES = 100, 64 << 20
_IN_MEMORY_BYTES = 512 << 20
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


class Allowance:
    """How many bytes a file of `packed_bytes` may still unpack to; `label` names it in errors."""

    def __init__(self, packed_bytes: int, label: str) -> None:
        self._left = max(_FLOOR_BYTES, _RATIO * packed_bytes)
        self._label = label

    def spend(self, count: int) -> None:
        """Take `count` bytes off; UnreadableFeed where so many are not left."""
        self._left -= count
        if self._left < 0:
            raise UnreadableFeed(
                f"A delivered file unpacks to more than {_RATIO} times its size",
                name=self._label,
                hint="No real delivery does: check where it comes from.",
            )


class _Metered(io.RawIOBase):
    """The bytes of `file`, each taken off an allowance."""

    def __init__(self, file: BinaryIO, allowance: Allowance) -> None:
        self._file = file
        self._allowance = allowance

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: memoryview) -> int:
        content = self._file.read(len(buffer))
        self._allowance.spend(len(content))
        buffer[: len(content)] = content
        return len(content)


@dataclass(frozen=True)
class Unpacked:
    """A delivered file without its packing: one of KINDS, how to open it, and how large it is as delivered.

    `path` is where it lies, for a file that did not come packed.
    """

    kind: str
    open: Opener
    is_packed: bool
    packed_bytes: int
    label: str
    path: Path | None = None

    def allowance(self) -> Allowance:
        """What may come out of it once, for readers of formats that are compressed in themselves."""
        return Allowance(self.packed_bytes, self.label)

    @contextmanager
    def open_seekable(self) -> Iterator[BinaryIO]:
        """The file with random access: from memory where it came packed."""
        with self.open() as file:
            if not self.is_packed:
                yield file
                return
            content = file.read(_IN_MEMORY_BYTES + 1)
        if len(content) > _IN_MEMORY_BYTES:
            raise UnreadableFeed(
                "A packed file is too large to be read from memory", name=self.label, hint="Deliver it unpacked."
            )
        yield io.BytesIO(content)


def unpack(path: Path, label: str) -> Unpacked:
    """What is inside the delivered file `path`; `label` names it in errors.

    Raises
    ------
    UnreadableFeed
        It holds another kind of file, more than one, is locked, is packed more than twice, or unpacks to far more
        than any real delivery. Errors of the unpacking libraries pass through.
    """
    size = path.stat().st_size

    def inside(name: str, open_file: Opener, layers: int) -> tuple[str, Opener, bool]:
        kind = next((kind for kind in KINDS if name.endswith(kind)), None)
        if kind:
            return kind, open_file, layers > 0
        if not name.endswith((".gz", ".zip")):
            raise UnreadableFeed(
                "A delivered file is of a kind that cannot be read",
                name=label,
                hint=f"Use one of {', '.join(SUFFIXES)}.",
            )
        if layers == _LAYERS:
            raise UnreadableFeed(
                f"A delivered file is packed more than {_LAYERS} times over", name=label, hint="Deliver it unpacked."
            )
        if name.endswith(".gz"):
            return inside(name.removesuffix(".gz"), _gzip_opener(open_file, size, label), layers + 1)
        member = _only_member(open_file, size, label)
        return inside(member.lower(), _zip_opener(open_file, member, size, label), layers + 1)

    kind, open_file, is_packed = inside(path.name.lower(), lambda: path.open("rb"), 0)
    return Unpacked(kind, open_file, is_packed, size, label, None if is_packed else path)


def _gzip_opener(open_file: Opener, size: int, label: str) -> Opener:
    @contextmanager
    def open_gzip() -> Iterator[BinaryIO]:
        with open_file() as packed, gzip.open(packed) as file:
            yield io.BufferedReader(_Metered(file, Allowance(size, label)))

    return open_gzip


def _zip_opener(open_file: Opener, member: str, size: int, label: str) -> Opener:
    @contextmanager
    def open_member() -> Iterator[BinaryIO]:
        with open_file() as packed, zipfile.ZipFile(packed) as archive, archive.open(member) as file:
            yield io.BufferedReader(_Metered(file, Allowance(size, label)))

    return open_member


def _only_member(open_file: Opener, size: int, label: str) -> str:
    """Name of the one data file in a zip file. It says how to read it; nothing is ever written under it."""
    with open_file() as packed, zipfile.ZipFile(packed) as archive:
        members = [
            member
            for member in archive.infolist()
            if member.filename.lower().endswith(SUFFIXES) and not member.filename.startswith("__MACOSX")
        ]
    if len(members) != 1:
        raise UnreadableFeed(
            f"A zip file must hold exactly one data file, this one holds {len(members)}",
            name=label,
            hint="Unpack it into the delivery folder.",
        )
    (member,) = members
    if member.flag_bits & 1:
        raise UnreadableFeed(
            "A zip file is locked with a password", name=label, hint="Unlock it before it is put into the delivery."
        )
    if member.compress_type not in _COMPRESSIONS:
        raise UnreadableFeed(
            "A zip file is compressed in a way that cannot be read",
            name=label,
            hint="Zip it again, or deliver it as it is.",
        )
    Allowance(size, label).spend(member.file_size)
    return member.filename
