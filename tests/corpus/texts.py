"""Damage to the shape of a text: quotation marks, delimiters, line ends, and where a file is cut."""

import csv
from collections.abc import Iterator

from tests.corpus.variants import CLEAN, FREE_TEXT, Clean, Landed, Refused, Variant, added, rejected, unharmed


def quoting() -> Iterator[Variant]:
    def variant(name, clean, damage, outcome):
        return Variant("quoting", name, clean, damage, outcome)

    for clean in CLEAN.values():
        yield variant(
            "every value quoted",
            clean,
            lambda clean: clean.text(quoting=csv.QUOTE_ALL).encode(),
            unharmed(clean),
        )
        yield variant(
            "a quotation mark never closed in the last record",
            clean,
            lambda clean: clean.bytes().rstrip(b"\n") + b'"\n',
            Refused(f"never closed, probably the one on line {len(clean.rows) + 1}"),
        )
        yield variant(
            "a quotation mark never closed in the header",
            clean,
            lambda clean: b'"' + clean.bytes(),
            Refused("never closed, probably the one on line 1"),
        )
    for feed, (header, column) in FREE_TEXT.items():
        clean = CLEAN[feed]
        for name, text in (
            ("quotation marks within a value", 'the "old" surgery'),
            ("a comma within a value", "North, and South"),
            ("a value of commas and quotation marks", '",",""'),
            ("a line end within a value", "North\nSouth"),
            ("a Windows line end within a value", "North\r\nSouth"),
            ("an apostrophe within a value", "St. Mary's"),
            ("a backslash before a quotation mark", 'North\\"South'),
        ):
            yield variant(
                name,
                clean,
                lambda clean, header=header, text=text: clean.with_value(1, header, text).bytes(),
                unharmed(clean, changed={(1, column): text}),
            )
        yield variant(
            "a bare quotation mark within a value",
            clean,
            lambda clean, header=header: clean.with_value(1, header, "5@ North").bytes().replace(b"@", b'"'),
            Refused("never closed, probably the one on line 2"),
        )
    event = CLEAN["gp_event"]
    yield variant(
        "apostrophes as quotation marks",
        event,
        lambda clean: clean.text(quoting=csv.QUOTE_ALL).replace('"', "'").encode(),
        Refused("Column practice_code is missing"),
    )
    yield variant(
        "typographic quotation marks",
        event,
        lambda clean: clean.text(quoting=csv.QUOTE_ALL).replace('"', "”").encode(),
        Refused("Column practice_code is missing"),
    )
    yield variant(
        "only the header quoted",
        event,
        lambda clean: (
            ",".join(f'"{name}"' for name in clean.header) + clean.text()[len(",".join(clean.header)) :]
        ).encode(),
        unharmed(event),
    )
    yield variant(
        "every line one quoted value",
        event,
        lambda clean: "".join(f'"{line}"\n' for line in clean.text().splitlines()).encode(),
        Refused("Column practice_code is missing"),
    )


def delimiters() -> Iterator[Variant]:
    for clean in CLEAN.values():
        for delimiter, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
            yield Variant(
                "delimiter",
                name,
                clean,
                lambda clean, delimiter=delimiter: clean.text(delimiter=delimiter).encode(),
                Refused(f"separated by {name}"),
            )
    event = CLEAN["gp_event"]
    for delimiter in (":", "~", "\x1f", " "):
        yield Variant(
            "delimiter",
            repr(delimiter),
            event,
            lambda clean, delimiter=delimiter: clean.text(delimiter=delimiter).encode(),
            Refused("Column practice_code is missing"),
        )
    yield Variant(
        "delimiter",
        "announced as Excel does",
        event,
        lambda clean: b"sep=,\n" + clean.bytes(),
        Refused("Column practice_code is missing"),
    )
    yield Variant(
        "delimiter",
        "semicolons in some records",
        event,
        lambda clean: "".join(
            line.replace(",", ";") if number in (2, 5) else line
            for number, line in enumerate(clean.text().splitlines(keepends=True))
        ).encode(),
        rejected(event, {2: "record_shape", 5: "record_shape"}),
    )
    yield Variant(
        "delimiter",
        "a comma too many in one record",
        event,
        lambda clean: (
            clean.with_value(4, "value", "1,5").text(quoting=csv.QUOTE_NONE, delimiter="@").replace("@", ",").encode()
        ),
        rejected(event, {4: "record_shape"}),
    )


def line_ends() -> Iterator[Variant]:
    def variant(name, clean, change, outcome):
        return Variant("line ends", name, clean, lambda clean: change(clean.text()).encode(), outcome)

    for clean in CLEAN.values():
        yield variant("CRLF", clean, lambda text: text.replace("\n", "\r\n"), unharmed(clean))
        yield variant("CR", clean, lambda text: text.replace("\n", "\r"), unharmed(clean))
        yield variant("none at the end", clean, lambda text: text.rstrip("\n"), unharmed(clean))
        yield variant("blank lines at the end", clean, lambda text: text + "\n\r\n\n", unharmed(clean))
        yield variant(
            "a header in CRLF and records in LF",
            clean,
            lambda text: text.replace("\n", "\r\n", 1),
            unharmed(clean, "line ends are mixed (LF and CRLF); each was read as one"),
        )
    event = CLEAN["gp_event"]
    yield variant("two CR before each LF", event, lambda text: text.replace("\n", "\r\r\n"), unharmed(event))
    yield variant("LF before CR", event, lambda text: text.replace("\n", "\n\r"), unharmed(event))
    yield variant("a blank line after each record", event, lambda text: text.replace("\n", "\n\n"), unharmed(event))
    yield variant("blank lines before the header", event, lambda text: "\n\n" + text, unharmed(event))
    for name, character in (("vertical tabs", "\v"), ("form feeds", "\f"), ("U+2028", "\u2028"), ("U+0085", "\x85")):
        yield variant(
            f"{name} instead of line ends",
            event,
            lambda text, character=character: text.replace("\n", character),
            Refused("Column source is missing"),
        )
    yield variant("a line of spaces at the end", event, lambda text: text + "   \n", added(event, "record_shape"))
    yield variant("a form feed at the end", event, lambda text: text + "\f", added(event, "record_shape"))
    yield variant("the end-of-file character of DOS", event, lambda text: text + "\x1a", added(event, "record_shape"))


def cuts() -> Iterator[Variant]:
    """Files that end early. A cut within the last value of a record cannot be seen: these are cut before it."""
    for feed in ("gp_register", "gp_event", "gp_medication", "place_membership"):
        clean = CLEAN[feed]
        for keep in (2, len(clean.rows)):
            for values in (1, 3):
                yield Variant(
                    "cut short",
                    f"after {values} values of record {keep}",
                    clean,
                    lambda clean, keep=keep, values=values: _cut(clean, keep, values),
                    Landed([*range(keep - 1), "record_shape"]),
                )
        yield Variant(
            "cut short",
            "within the header",
            clean,
            lambda clean: ",".join(clean.header).encode()[:7],
            Refused(" is missing"),
        )


def _cut(clean: Clean, record: int, values: int) -> bytes:
    lines = clean.text().splitlines()
    return "\n".join([*lines[:record], ",".join(lines[record].split(",")[:values])]).encode()


def text_variants() -> Iterator[Variant]:
    for family in (quoting, delimiters, line_ends, cuts):
        yield from family()
