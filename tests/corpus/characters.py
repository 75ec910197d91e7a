"""Damage to characters: encodings, NUL and other bytes that do not belong, values beyond measure."""

# ruff: noqa: RUF001 - letters that look like others are the point

import codecs
from collections.abc import Iterator

from tests.corpus.variants import CANARY, CLEAN, FREE_TEXT, Refused, Variant, unharmed


def encodings() -> Iterator[Variant]:
    def variant(name, clean, damage, outcome):
        return Variant("encoding", name, clean, damage, outcome)

    codings = (
        ("UTF-8 with a BOM", codecs.BOM_UTF8, "utf-8", ()),
        ("UTF-16 LE with a BOM", codecs.BOM_UTF16_LE, "utf-16-le", ("read as utf-16",)),
        ("UTF-16 BE with a BOM", codecs.BOM_UTF16_BE, "utf-16-be", ("read as utf-16",)),
        ("UTF-16 LE without a BOM", b"", "utf-16-le", ("read as utf-16-le",)),
        ("UTF-16 BE without a BOM", b"", "utf-16-be", ("read as utf-16-be",)),
    )
    for clean in CLEAN.values():
        for name, bom, coding, notes in codings:
            yield variant(
                name,
                clean,
                lambda clean, bom=bom, coding=coding: bom + clean.text().encode(coding),
                unharmed(clean, *notes),
            )
    for feed, (header, column) in FREE_TEXT.items():
        for text, coding, notes in (
            ("Zoë Łódź 中文 😀", "utf-8", ()),
            ("Zoë’s – Straße €", "cp1252", ("read as cp1252",)),
            ("Zoë Straße", "latin-1", ("read as cp1252",)),
            ("Zoë Łódź 中文 😀", "utf-16", ("read as utf-16",)),
        ):
            clean = CLEAN[feed]
            yield variant(
                f"letters beyond ASCII in {coding}",
                clean,
                lambda clean, header=header, text=text, coding=coding: (
                    clean.with_value(1, header, text).text().encode(coding)
                ),
                unharmed(clean, *notes, changed={(1, column): text}),
            )
        yield variant(
            "two encodings in one file",
            clean,
            lambda clean, header=header: (
                clean.with_value(1, header, "Zoë@")
                .with_value(2, header, "Straße")
                .bytes()
                .replace("ë@".encode(), b"\xeb")
            ),
            Refused("text in two encodings"),
        )
        yield variant(
            "a byte of no Windows letter",
            clean,
            lambda clean, header=header: clean.with_value(1, header, "Zo@").bytes().replace(b"Zo@", b"Zo\x81"),
            Refused("cannot be parsed"),
        )
    event = CLEAN["gp_event"]
    yield variant(
        "UTF-32",
        event,
        lambda clean: clean.text().encode("utf-32"),
        Refused("NUL bytes"),
    )
    yield variant(
        "EBCDIC", event, lambda clean: clean.text().encode("cp037"), Refused("Column practice_code is missing")
    )
    yield variant(
        "two BOMs",
        event,
        lambda clean: 2 * codecs.BOM_UTF8 + clean.bytes(),
        Refused("Column practice_code is missing"),
    )
    yield variant(
        "UTF-16 cut within a letter",
        event,
        lambda clean: clean.text().encode("utf-16")[:-1],
        Refused("not valid utf-16"),
    )
    yield variant(
        "half a surrogate pair in UTF-16",
        event,
        lambda clean: clean.text().encode("utf-16") + b"\x00\xd8\n\0",
        Refused("not valid utf-16"),
    )


def stray_bytes() -> Iterator[Variant]:
    for feed in ("gp_register", "gp_event", "deprivation", "place_membership"):
        clean = CLEAN[feed]
        for name, damage in (
            ("NUL at the start", lambda clean: b"\0" + clean.bytes()),
            ("NUL within a value", lambda clean: clean.bytes().replace(CANARY.encode(), CANARY.encode() + b"\0")),
            ("a block of NUL at the end", lambda clean: clean.bytes() + bytes(4096)),
            ("a block of NUL in the middle", lambda clean: clean.bytes()[:300] + bytes(512) + clean.bytes()[300:]),
        ):
            yield Variant("NUL", name, clean, damage, Refused("NUL bytes"))
    for feed, (header, column) in FREE_TEXT.items():
        clean = CLEAN[feed]
        for name, text, landed in (
            ("spaces and a tab around a value", " \t North  ", "North"),
            ("a no-break space around a value", "\xa0North\xa0", "North"),
            ("an em space around a value", "\u2003North\u2003", "North"),
            ("a line end around a value", "\nNorth\n", "North"),
            ("a control character within a value", "No\x07rth", "No\x07rth"),
            ("a zero-width space within a value", "No\u200brth", "No\u200brth"),
            ("letters from right to left", "\u202eהצפון", "\u202eהצפון"),
            ("a formula as a value", '=HYPERLINK("x")', '=HYPERLINK("x")'),
            ("an enormous value", "x" * 500_000, "x" * 500_000),
        ):
            yield Variant(
                "stray characters",
                name,
                clean,
                lambda clean, header=header, text=text: clean.with_value(1, header, text).bytes(),
                unharmed(clean, changed={(1, column): landed}),
            )
        yield Variant(
            "enormous",
            "a value of two megabytes",
            clean,
            lambda clean, header=header: clean.with_value(1, header, "x" * 2_000_000).bytes(),
            Refused("a record longer than 1 MB"),
        )
        yield Variant(
            "enormous",
            "a megabyte of line ends within a value",
            clean,
            lambda clean, header=header: clean.with_value(1, header, "x" + "\n" * 1_500_000 + "x").bytes(),
            Refused("a record longer than 1 MB"),
        )


def character_variants() -> Iterator[Variant]:
    for family in (encodings, stray_bytes):
        yield from family()
