"""A published id and version never changes its meaning."""

import pytest

from phm.cohorts.definition import library, load_definition
from phm.cohorts.published import FILE, check_published, check_unchanged, freeze, published_versions
from phm.errors import DefinitionError
from tests.unit.cohorts.test_definition import SMALL, written


def test_a_frozen_version_cannot_say_something_else(tmp_path):
    definition = load_definition(written(tmp_path, SMALL))
    assert freeze(tmp_path, [definition]) == (definition,)
    versions = published_versions(tmp_path)
    check_published(definition, versions)

    changed = load_definition(written(tmp_path, SMALL.replace("due_days: 7", "due_days: 8")))
    with pytest.raises(DefinitionError, match=r"Version 1.0.0 is published and said something else \(small\)"):
        check_unchanged(changed, versions)
    with pytest.raises(DefinitionError, match="a version of its own"):
        freeze(tmp_path, [changed])
    assert published_versions(tmp_path) == versions


def test_a_new_version_is_added_and_the_old_line_stays(tmp_path):
    first = load_definition(written(tmp_path, SMALL))
    freeze(tmp_path, [first])
    before = (tmp_path / FILE).read_text()
    second = load_definition(written(tmp_path, SMALL.replace("1.0.0", "1.1.0").replace("due_days: 7", "due_days: 8")))
    with pytest.raises(DefinitionError, match="phm cohorts freeze"):
        check_published(second, published_versions(tmp_path))
    assert freeze(tmp_path, [second]) == (second,)
    assert freeze(tmp_path, [second]) == ()
    assert (tmp_path / FILE).read_text().startswith(before)


def test_layout_and_a_sites_settings_are_not_meaning(tmp_path):
    definition = load_definition(written(tmp_path, SMALL))
    versions = {("small", "1.0.0"): definition.meaning_sha256}
    check_published(load_definition(written(tmp_path, f"# read me\n{SMALL}")), versions)
    check_published(definition.with_settings({"limit": 150}), versions)


def test_a_file_of_other_columns_is_refused(tmp_path):
    (tmp_path / FILE).write_text("id,version\nsmall,1.0.0\n")
    with pytest.raises(DefinitionError, match="cannot be read"):
        published_versions(tmp_path)


@pytest.mark.parametrize("name", library())
def test_shipped_definitions_say_what_their_published_versions_said(name):
    check_published(load_definition(name), published_versions(library()[name].parent))
