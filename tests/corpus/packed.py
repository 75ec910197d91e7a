"""Damage to packed files: cut short, made to fill memory or to reach other folders, or not what their name says."""

import gzip
import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator

import pyarrow as pa

from tests.corpus.columnar import parquet, written
from tests.corpus.sheets import workbook
from tests.corpus.variants import CLEAN, Clean, Refused, Variant, unharmed

CUT = (0, 1, 10, 0.25, 0.5, 0.75, 0.99, -10, -1)
"""Where a file is cut: bytes from the start, a share of it, or bytes from the end."""


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


FORMS: dict[str, Callable[[Clean], bytes]] = {
    ".csv.gz": lambda clean: gzip.compress(clean.bytes()),
    ".zip": lambda clean: zipped(("data.csv", clean.bytes())),
    ".xlsx": workbook,
    ".parquet": parquet,
}
"""A feed in each form other than plain text, by suffix."""


def whole() -> Iterator[Variant]:
    """Nothing is damaged: every form of every feed is the same rows."""
    for clean in CLEAN.values():
        for suffix, pack in FORMS.items():
            yield Variant("form", suffix, clean, pack, unharmed(clean), suffix)
    event = CLEAN["gp_event"]
    for name, suffix, pack in (
        ("gzip in zip", ".zip", lambda clean: zipped(("data.csv.gz", gzip.compress(clean.bytes())))),
        ("zip in gzip", ".zip.gz", lambda clean: gzip.compress(zipped(("data.csv", clean.bytes())))),
        ("a workbook in zip", ".zip", lambda clean: zipped(("data.xlsx", workbook(clean)))),
        ("Parquet in gzip", ".parquet.gz", lambda clean: gzip.compress(parquet(clean))),
        ("a name in capitals", ".CSV.GZ", lambda clean: gzip.compress(clean.bytes())),
        ("gzip in two members", ".csv.gz", lambda clean: b"".join(map(gzip.compress, _halves(clean)))),
        ("NUL after gzip", ".csv.gz", lambda clean: gzip.compress(clean.bytes()) + bytes(512)),
        ("bytes before zip", ".zip", lambda clean: b"MZ" + bytes(100) + zipped(("data.csv", clean.bytes()))),
        ("a remark beside the data", ".zip", lambda clean: zipped(("data.csv", clean.bytes()), ("read me.txt", b"x"))),
        ("what a Mac adds", ".zip", lambda clean: zipped(("data.csv", clean.bytes()), ("__MACOSX/._data.csv", b"x"))),
        (
            "a folder named like data",
            ".zip",
            lambda clean: zipped(("data.csv/", b""), ("data.csv/a.csv", clean.bytes())),
        ),
    ):
        yield Variant("form", name, event, pack, unharmed(event), suffix)


def _halves(clean: Clean) -> tuple[bytes, bytes]:
    content = clean.bytes()
    return content[:333], content[333:]


def cut_short() -> Iterator[Variant]:
    for feed in ("gp_register", "gp_event", "deprivation", "place_membership"):
        for suffix, pack in FORMS.items():
            for place in CUT:
                yield Variant(
                    "cut short",
                    f"{suffix} at {place}",
                    CLEAN[feed],
                    lambda clean, pack=pack, place=place: _cut(pack(clean), place),
                    Refused("A delivered file is "),
                    suffix,
                )


def _cut(content: bytes, place: float) -> bytes:
    return content[: int(len(content) * place) if isinstance(place, float) else place]


def _forged(content: bytes, *changes: tuple[int, int, bytes]) -> bytes:
    """A zip file of one member with bytes of its local header and of its directory entry replaced."""
    forged = bytearray(content)
    directory = forged.rfind(b"PK\1\2")
    for local, entry, value in changes:
        forged[local : local + len(value)] = value
        forged[directory + entry : directory + entry + len(value)] = value
    return bytes(forged)


def _with_size(clean: Clean, size: int) -> bytes:
    return _forged(FORMS[".zip"](clean), (22, 24, struct.pack("<I", size)))


def paths() -> Iterator[Variant]:
    event = CLEAN["gp_event"]
    for name in (
        "../escaped.csv",
        "../../../../../../tmp/escaped.csv",
        "/escaped.csv",
        "C:/escaped.csv",
        "C:\\escaped.csv",
        "..\\..\\escaped.csv",
        "\\\\server\\share\\escaped.csv",
        "~/escaped.csv",
        "$HOME/escaped.csv",
        "a/./b//escaped.csv",
        "-rf.csv",
        "CON.csv",
        "\u202evsc.exe.csv",
        "x" * 5_000 + ".csv",
        "new\nline.csv",
    ):
        yield Variant(
            "path in zip",
            ascii(name)[:40],
            event,
            lambda clean, name=name: zipped((name, clean.bytes())),
            unharmed(event),
            ".zip",
        )

    def refused(name: str, what: str, damage: Callable[[Clean], bytes]) -> Variant:
        return Variant("member of zip", name, event, damage, Refused(what), ".zip")

    link = zipfile.ZipInfo("data.csv")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    yield refused("a link", "Column practice_code is missing", lambda _: zipped((link, b"/etc/passwd")))
    yield refused(
        "two files", "this one holds 2", lambda clean: zipped(("a.csv", clean.bytes()), ("b.csv", clean.bytes()))
    )
    yield refused("none", "this one holds 0", lambda _: zipped())
    yield refused("no data", "this one holds 0", lambda clean: zipped(("data.txt", clean.bytes())))
    yield refused("an empty one", "A delivered file is empty", lambda _: zipped(("data.csv", b"")))
    yield refused("a locked one", "locked with a password", lambda clean: _forged(FORMS[".zip"](clean), (6, 8, b"\1")))
    yield refused(
        "of an unknown compression",
        "compressed in a way that cannot be read",
        lambda clean: _forged(FORMS[".zip"](clean), (8, 10, b"\x63")),
    )
    yield refused("said to be smaller than it is", "damaged (BadZipFile)", lambda clean: _with_size(clean, 100))
    yield refused("said to be enormous", "unpacks to more than 100 times", lambda clean: _with_size(clean, 2**32 - 2))
    yield refused(
        "with another checksum", "damaged (BadZipFile)", lambda clean: _forged(FORMS[".zip"](clean), (14, 16, b"\0\0"))
    )
    yield refused(
        "packed three times", "packed more than 2 times", lambda clean: zipped(("a.zip", zipped(("a.zip", b""))))
    )


def bombs() -> Iterator[Variant]:
    """Small files that would fill the memory of whoever unpacks them without measuring."""

    def bomb(name: str, suffix: str, damage: Callable[[Clean], bytes], *, feed: str = "place_membership") -> Variant:
        return Variant("bomb", name, CLEAN[feed], damage, Refused("unpacks to more than 100 times its size"), suffix)

    yield bomb("gzip", ".csv.gz", lambda clean: gzip.compress(_much(clean), 1))
    yield bomb("gzip of one line", ".csv.gz", lambda clean: gzip.compress(clean.bytes() + b"x" * (80 << 20), 1))
    yield bomb("zip", ".zip", lambda clean: zipped(("data.csv", _much(clean))))
    yield bomb("gzip in zip", ".zip", lambda clean: zipped(("data.csv.gz", gzip.compress(_much(clean), 1))))
    yield bomb("gzip twice", ".csv.gz.gz", lambda clean: gzip.compress(gzip.compress(_much(clean), 1)))
    yield bomb("zip that says it is small", ".zip", lambda clean: _forged(zipped(("data.csv", _much(clean)))))
    yield bomb("workbook", ".xlsx", lambda clean: _stuffed(clean, "xl/worksheets/sheet1.xml"))
    yield bomb("shared texts", ".xlsx", lambda clean: _stuffed(clean, "xl/sharedStrings.xml"))
    yield bomb("workbook with something beside it", ".xlsx", lambda clean: _stuffed(clean, "xl/other.xml"))
    yield bomb("Parquet of one value", ".parquet", _repeated)


def _much(clean: Clean) -> bytes:
    return clean.bytes() + b"Y99009,Main,,,North,N1,,\n" * (3 << 20)


def _stuffed(clean: Clean, part: str) -> bytes:
    """A workbook with seventy megabytes of spaces in one part."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook(clean))) as book,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as stuffed,
    ):
        for name in dict.fromkeys((*book.namelist(), part)):
            content = book.read(name) if name in book.namelist() else b""
            stuffed.writestr(name, content + b" " * (70 << 20) if name == part else content)
    return out.getvalue()


def _repeated(clean: Clean) -> bytes:
    return written(pa.table({name: pa.repeat("x" * 100, 400_000) for name in clean.header}))


def disguises() -> Iterator[Variant]:
    """Files that are not what their name says."""

    def disguise(name: str, suffix: str, damage: Callable[[Clean], bytes], what: str) -> Variant:
        return Variant("disguise", f"{name} as {suffix}", CLEAN["gp_event"], damage, Refused(what), suffix)

    for suffix in (".xlsx", ".parquet", ".csv.gz", ".zip"):
        yield disguise("CSV", suffix, Clean.bytes, "A delivered file is damaged")
        yield disguise(
            "random bytes", suffix, lambda _: random.Random(7).randbytes(3_000), "A delivered file is damaged"
        )
        yield disguise("nothing", suffix, lambda _: b"", "A delivered file is ")
        yield disguise("a web page", suffix, lambda _: b"<html><body>Sign in</body></html>", "A delivered file is ")
    yield disguise("random bytes", ".csv", lambda _: random.Random(7).randbytes(3_000), "A delivered file ")
    yield disguise(
        "a web page", ".csv", lambda _: b"<html>\n<body>Sign in</body>\n</html>\n", "Column practice_code is"
    )
    yield disguise("JSON", ".csv", lambda _: b'[{"practice_code": "Y99001"}]\n', "Column practice_code is missing")
    yield disguise(
        "PDF", ".csv", lambda _: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "Column practice_code is missing"
    )
    for content, name in (
        (b"", "nothing"),
        (b"\xef\xbb\xbf", "a BOM"),
        (b"\xff\xfe", "a BOM of UTF-16"),
        (b" \r\n\t\n", "white space"),
    ):
        yield disguise(name, ".csv", lambda _, content=content: content, "A delivered file is empty")
    for suffix, pack in FORMS.items():
        yield disguise(suffix, ".csv", pack, "A delivered file ")
    yield disguise("a workbook", ".zip", workbook, "this one holds 0")
    yield disguise("a workbook", ".csv.gz", workbook, "damaged (BadGzipFile)")
    yield disguise("Parquet", ".xlsx", parquet, "damaged (BadZipFile)")
    yield disguise("a zip file", ".xlsx", FORMS[".zip"], "A workbook cannot be parsed")
    yield disguise("a workbook", ".parquet", workbook, "damaged (ArrowInvalid)")
    yield disguise("a workbook in gzip", ".csv.gz", lambda clean: gzip.compress(workbook(clean)), "A delivered file ")
    yield disguise(
        "an old workbook", ".xlsx", lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "damaged (BadZip"
    )
    for suffix in (".txt", ".xls", ".xlsb", ".json", ".csv.bz2", ".7z", ""):
        yield disguise("CSV", suffix, Clean.bytes, "of a kind that cannot be read")


def packed_variants() -> Iterator[Variant]:
    for family in (whole, cut_short, paths, bombs, disguises):
        yield from family()
