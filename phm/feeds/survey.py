"""What a delimited text file is made of, found out from its bytes before any parser sees it.

Belongs here: encoding, line ends, NUL bytes, unclosed quotes, and the number of records, counted independently
of the parser so that a row lost in parsing is noticed. Files are read in blocks and never held whole.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from phm.errors import UnreadableFeed

Opener = Callable[[], AbstractContextManager[BinaryIO]]
"""Opens a file for reading bytes, from its start."""

BLOCK_BYTES = 1 << 19
"""Of this size, blocks and what is made of them stay in the processor's cache, which halves the time."""
_RECORD_BYTES = 1 << 20
_QUOTE, _COMMA, _LF, _CR = 34, 44, 10, 13
_SPACES = tuple(bytes([space]) for space in b"\t\v\f\x1c\x1d\x1e\x1f")
# Where a blank is not within a value but at one of its ends.
_BLANKS = (b" ,", b", ", b" \n", b"\n ", b" \r", b"\r ", b' "', b'" ')
# What é or a curved quotation mark is in UTF-8. In Windows text it would be Ã or â before a sign: nobody writes that.
_UTF_8_LETTER = re.compile(rb"[\xc2-\xc5][\x80-\xbf]|\xe2\x80[\x80-\xbf]")


@dataclass(frozen=True)
class Survey:
    """One delimited file: its `encoding` (a Python codec), `records` including the header, and `notes`.

    A record ends at a line end outside quotation marks; blank lines are none. Without `has_spaces` no value can
    have white space around it. Notes say what will be put right in reading. `commas` are all there are in the file
    where it is plain: ASCII without quotation marks or white space but for blanks within values, and one kind of line
    ends. Elsewhere it is None.
    """

    encoding: str
    records: int
    has_spaces: bool
    notes: tuple[str, ...]
    commas: int | None = None


class _Counter:
    """Counts records block by block. A block never ends between CR and LF (`_whole_line_ends` sees to that)."""

    def __init__(self) -> None:
        self.records = 0
        self.longest = 0
        self.kinds = {"LF": 0, "CRLF": 0, "CR": 0}
        self.is_quoted = False
        self.has_quotes = False
        self.has_line_ends_within = False  # a value
        self.commas = 0
        self._pending = 0  # bytes of the line that has not ended yet

    def feed(self, block: bytes) -> None:
        data = np.frombuffer(block, np.uint8)
        is_end = data == _LF
        has_cr = b"\r" in block
        if has_cr:
            is_lone_cr = data == _CR
            is_lone_cr[:-1] &= ~is_end[1:]
            is_end |= is_lone_cr
        ends = np.flatnonzero(is_end)
        self.commas += np.count_nonzero(data == _COMMA)
        if self.is_quoted or b'"' in block:
            self.has_quotes = True
            quotes = np.flatnonzero(data == _QUOTE)
            before = np.searchsorted(quotes, ends) + self.is_quoted
            is_within = before % 2 == 1
            self.has_line_ends_within |= bool(is_within.any())
            ends = ends[~is_within]
            self.is_quoted = bool((len(quotes) + self.is_quoted) % 2)
        if not len(ends):
            self._pending += len(block)
            self.longest = max(self.longest, self._pending)
            return
        lengths = np.diff(ends, prepend=-1 - self._pending) - 1
        crlf = 0
        if has_cr:
            is_crlf = (data[ends] == _LF) & (ends > 0) & (data[ends - 1] == _CR)
            lengths = lengths - is_crlf
            crlf = int(is_crlf.sum())
        cr = int((data[ends] == _CR).sum()) if has_cr else 0
        for kind, count in (("CRLF", crlf), ("CR", cr), ("LF", len(ends) - crlf - cr)):
            self.kinds[kind] += count
        self.records += int(np.count_nonzero(lengths))
        self._pending = len(block) - int(ends[-1]) - 1
        self.longest = max(self.longest, int(lengths.max()), self._pending)

    def finish(self) -> None:
        self.records += self._pending > 0


def survey(open_file: Opener, label: str) -> Survey:
    """The survey of the bytes `open_file()` gives; `label` names the file in errors.

    Raises
    ------
    UnreadableFeed
        The file is empty, holds a NUL byte, an unclosed quotation mark or a record longer than 1 MB, or is in no known
        encoding or in two.
    """
    with open_file() as file:
        head = file.read(4096)
        if not head.strip(b"\xef\xbb\xbf\xff\xfe\r\n \t\0"):
            raise UnreadableFeed("A delivered file is empty", name=label, hint="Ask for it to be delivered again.")
        file.seek(0)
        encoding = _utf_16(head) or "utf-8"
        counter, decoder = _Counter(), codecs.getincrementaldecoder("utf-8")()
        has_spaces = has_utf_8_letters = False
        last = b"\n"
        for block in _whole_line_ends(_blocks(file, encoding, label)):
            if b"\0" in block:
                raise UnreadableFeed(
                    "A delivered file holds NUL bytes", name=label, hint="It was damaged, or is not a text file."
                )
            counter.feed(block)
            has_spaces = has_spaces or counter.has_line_ends_within or _has_spaces(last, block)
            last = block[-1:]
            if block.isascii() and not decoder.getstate()[0]:
                continue
            has_spaces = True  # there are twenty more
            has_utf_8_letters = has_utf_8_letters or bool(_UTF_8_LETTER.search(block))
            if encoding == "utf-8":
                try:
                    decoder.decode(block)
                except UnicodeDecodeError:
                    encoding = "cp1252"
        if encoding == "utf-8" and decoder.getstate()[0]:
            encoding = "cp1252"
        counter.finish()
        has_spaces = has_spaces or last == b" "
    if encoding == "cp1252" and has_utf_8_letters:
        raise UnreadableFeed(
            "A delivered file holds text in two encodings",
            name=label,
            hint="It was put together from UTF-8 and Windows text: export it again as UTF-8.",
        )
    if counter.is_quoted:
        with open_file() as file:
            line = _odd_line(_blocks(file, encoding, label))
        raise UnreadableFeed(
            f"A quotation mark is never closed, probably the one on line {line}",
            name=label,
            hint='A quotation mark inside a value is written twice: "".',
        )
    if counter.longest > _RECORD_BYTES:
        raise UnreadableFeed(
            "A delivered file has a record longer than 1 MB",
            name=label,
            hint="Something else than codes, dates and numbers was exported, or the line ends are lost.",
        )
    used = [kind for kind, count in counter.kinds.items() if count]
    notes = [f"line ends are mixed ({' and '.join(used)}); each was read as one"] if len(used) > 1 else []
    if encoding != "utf-8":
        notes.append(f"read as {encoding}")
    is_plain = not (has_spaces or counter.has_quotes or encoding != "utf-8") and used in (["LF"], ["CRLF"])
    return Survey(encoding, counter.records, has_spaces, tuple(notes), counter.commas if is_plain else None)


def _has_spaces(last: bytes, block: bytes) -> bool:
    """Whether there may be white space around a value in `block`, which follows the byte `last`."""
    if last + block[:1] in _BLANKS or any(space in block for space in _SPACES):
        return True
    return b" " in block and any(blank in block for blank in _BLANKS)


def _utf_16(head: bytes) -> str | None:
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > 0.4 * len(head) / 2 and min(even, odd) == 0:
        return "utf-16-le" if odd else "utf-16-be"
    return None


def _blocks(file: BinaryIO, encoding: str, label: str) -> Iterator[bytes]:
    """The file in blocks in which bytes below 128 are what they are in ASCII."""
    if encoding.startswith("utf-16"):
        return _recoded(file, encoding, label)
    return iter(lambda: file.read(BLOCK_BYTES), b"")


def _recoded(file: BinaryIO, encoding: str, label: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while block := file.read(BLOCK_BYTES):
            yield decoder.decode(block).encode()
        yield decoder.decode(b"", final=True).encode()
    except UnicodeError as error:
        raise UnreadableFeed(
            f"A delivered file is not valid {encoding}", name=label, hint="Save it as UTF-8."
        ) from error


def _whole_line_ends(blocks: Iterator[bytes]) -> Iterator[bytes]:
    held = b""
    for block in blocks:
        block = held + block
        held = b"\r" if block.endswith(b"\r") else b""
        if block := block[: len(block) - len(held)]:
            yield block
    if held:
        yield held


def _odd_line(blocks: Iterator[bytes]) -> int:
    """Number of the first line with an odd number of quotation marks."""
    line, quotes = 1, 0
    for block in blocks:
        rest, *lines = block.split(b"\n")
        quotes += rest.count(b'"')
        for text in lines:
            if quotes % 2:
                return line
            line, quotes = line + 1, text.count(b'"')
    return line if quotes % 2 else 1
