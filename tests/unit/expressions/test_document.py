"""A definition file that is not right says where."""

import pytest

from phm.errors import DefinitionError
from phm.expressions import read_document
from phm.expressions.document import compose, shape_problems

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z]+$", "description": "Name of it."},
        "items": {"type": "array", "minItems": 1, "items": {"type": "string"}},
    },
}


def read(tmp_path, text):
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return read_document(path, SCHEMA)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("id: a\nitms: [x]\n", 2, "itms is not known here"),
        ("items: [x]\n", 1, "id is missing"),
        ("id: a\nid: b\n", 2, "id stands twice"),
        ("id: A1\n", 1, "id does not fit"),
        ("id: a\nitems: []\n", 2, "items is empty"),
        ("id: a\nitems:\n  - x\n  - 3\n", 4, "This entry does not fit"),
        ("id: a\nitems: [x\n", 3, "This is not YAML"),
        ("", 1, "id is missing"),
        ("- a\n", 1, "The file does not fit"),
    ],
)
def test_a_wrong_file_names_its_line(tmp_path, text, line, what):
    with pytest.raises(DefinitionError) as caught:
        read(tmp_path, text)
    assert what in caught.value.what
    assert caught.value.name == f"site.yaml, line {line}"


def test_everything_wrong_is_found_in_order_of_lines(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text("itms: [x]\nitems:\n  - 3\n  - x\n  - 4\nothr: 1\n")
    problems = shape_problems(compose(path), SCHEMA)
    assert [(problem.what.split(":")[0], problem.name) for problem in problems] == [
        ("id is missing", "site.yaml, line 1"),
        ("itms is not known here", "site.yaml, line 1"),
        ("This entry does not fit", "site.yaml, line 3"),
        ("This entry does not fit", "site.yaml, line 5"),
        ("othr is not known here", "site.yaml, line 6"),
    ]


def test_an_unreadable_file_is_refused(tmp_path):
    with pytest.raises(DefinitionError, match="cannot be read"):
        read_document(tmp_path / "absent.yaml", SCHEMA)
    latin = tmp_path / "latin.yaml"
    latin.write_bytes(b"id: caf\xe9\n")
    with pytest.raises(DefinitionError, match="UTF-8"):
        read_document(latin, SCHEMA)


@pytest.mark.parametrize(
    ("written", "text", "line"),
    [
        ("one\n    two\n", "one\n    two", 2),
        (">\n    one\n    two\n", "    one\n    two\n", 3),
        ("|-\n    one\n\n    two\n", "    one\n\n    two\n", 3),
        ('"one two"\n', "one two", 2),
        ('"one\n    two"\n', "one\n    two", 2),
        ('"one\n    t\\u0077o"\n', "one two", 2),
        ("'one\n    it''s'\n", "one\n    it's", 2),
        ("&name one\n    two\n", "one\n    two", 2),
        ("!!str one\n", "one", 2),
        ("&name\n    one\n", "one", 3),
        ("&name >\n    one\n    two\n", "    one\n    two\n", 3),
        (">  # a remark\n    one\n", "    one\n", 3),
    ],
)
def test_a_text_keeps_its_lines(tmp_path, written, text, line):
    document = read(tmp_path, f"id: a\nitems:\n  - {written}".replace("items:\n  - ", "items: \n  - "))
    found, first = document.text("items", 0)
    assert (found.rstrip("\n"), first) == (text.rstrip("\n"), line + 1)


def test_an_alias_repeats_what_it_stands_for(tmp_path):
    document = read(tmp_path, "id: a\nitems: [&x one, *x]\n")
    assert document.content["items"] == ["one", "one"]
