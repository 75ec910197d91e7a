"""What can be told from a file's bytes: records, encoding, line ends."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phm.errors import UnreadableFeed
from phm.feeds import survey as module
from phm.feeds.survey import survey


def _survey(content: bytes):
    return survey(lambda: io.BytesIO(content), "register.csv")


@pytest.mark.parametrize(
    ("content", "records"),
    [
        (b"a,b\n1,2\n", 2),
        (b"a,b\n1,2", 2),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", 2),
        (b"a,b\r\n1,2\r\n\r\n\r\n3,4", 3),
        (b'a,b\n\n"1\n\n2",2\n', 2),
        (b'a,b\n"say ""x\ny""",2\n', 2),
        (b"a\r1\r2\r", 3),
        ("a,b\n1,é".encode("utf-16"), 2),
        ("a,b\n1,2".encode("utf-16-be"), 2),
    ],
)
def test_records_are_counted_whatever_ends_them(content, records):
    assert _survey(content).records == records


FIELDS = st.lists(st.sampled_from(["a", ",", '"', "\n", "\r\n", " ", "é"]), max_size=4).map("".join)


@given(
    st.lists(st.lists(FIELDS, min_size=2, max_size=2), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.integers(1, 9),
)
def test_any_csv_is_counted_right_in_blocks_of_any_size(rows, line_end, block_bytes):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end).writerows([*row, "x"] for row in rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", block_bytes)
        assert _survey(text.getvalue().encode()).records == len(rows)


@given(
    st.lists(st.lists(st.text("ab ", max_size=4), min_size=2, max_size=2), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.booleans(),
    st.integers(1, 9),
)
def test_blanks_matter_at_the_ends_of_values_only(rows, line_end, quoting, is_ended, block_bytes):
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=line_end, quoting=quoting).writerows([["x", "y"], *rows])
    content = text.getvalue() if is_ended else text.getvalue().removesuffix(line_end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK_BYTES", block_bytes)
        assert _survey(content.encode()).has_spaces == any(value != value.strip() for row in rows for value in row)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"a\n1\n", "utf-8"),
        ("a\né\n".encode(), "utf-8"),
        ("a\né\n".encode("cp1252"), "cp1252"),
        ("a\n€".encode("cp1252"), "cp1252"),
        (b"a\n\xc3", "cp1252"),
        ("a\né\n".encode("utf-16"), "utf-16"),
        ("abc\ndef\n".encode("utf-16-le"), "utf-16-le"),
    ],
)
def test_the_encoding_is_found(content, encoding):
    assert _survey(content).encoding == encoding


def test_a_character_cut_by_a_block_is_still_utf_8(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_BYTES", 3)
    assert _survey("a\né€é€\n".encode()).encoding == "utf-8"


def test_mixed_line_ends_are_named():
    assert _survey(b"a\r\n1\n2\n").notes == ("line ends are mixed (LF and CRLF); each was read as one",)
    assert _survey(b'a\r\n"1\n2"\r\n').notes == (), "a line end inside a value is the value's own"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_file_is_refused(content):
    with pytest.raises(UnreadableFeed, match=r"empty \(register.csv\)"):
        _survey(content)


def test_nul_bytes_are_refused():
    with pytest.raises(UnreadableFeed, match=r"NUL bytes \(register.csv\)"):
        _survey(b"a,b\n1,\x002\n" + b"x" * 100)


def test_an_unclosed_quote_is_refused_with_its_line():
    with pytest.raises(UnreadableFeed, match=r"never closed, probably the one on line 3 \(register.csv\)"):
        _survey(b'a,b\n1,"2"\n3,"4\n5,6\n')
