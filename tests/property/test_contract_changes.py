"""Whatever is changed in a contract is noticed, and nothing is noticed where nothing changed."""

import copy
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from phm.errors import DefinitionError
from phm.feeds.contract_changes import changes, compare_releases
from phm.feeds.contract_effects import Effect
from phm.feeds.contracts import load_contracts, read_contract
from phm.feeds.schema import Limits
from phm.resources import contracts_dir

FILES = {path.name: yaml.safe_load(path.read_text()) for path in sorted(contracts_dir().glob("*.odcs.yaml"))}
ORDERED = ("limits", "minimum", "maximum", "severity")
NUMBERS = st.none() | st.integers(-3, 3)


def places(node: object, path: tuple = ()) -> list[tuple]:
    """The path to every entry below `node`."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, child in entries for place in [(*path, key), *places(child, (*path, key))]]


PLACES = {name: places(document) for name, document in FILES.items()}


def mutated(document: dict, path: tuple, how: str) -> dict:
    """A copy in which the entry at `path` is gone, comes twice or is another."""
    document = copy.deepcopy(document)
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    value = parent[path[-1]]
    if how == "gone":
        del parent[path[-1]]
    elif how == "twice" and isinstance(parent, list):
        parent.insert(path[-1], copy.deepcopy(value))
    elif isinstance(value, bool):
        parent[path[-1]] = not value
    elif isinstance(value, int | float):
        parent[path[-1]] = value + 1
    elif isinstance(value, str):
        parent[path[-1]] = f"{value}x"
    return document


@given(st.data(), st.sampled_from(list(FILES)), st.sampled_from(["gone", "twice", "other"]))
@settings(max_examples=150)
def test_every_mutation_of_a_contract_is_noticed(data, name, how):
    document = mutated(FILES[name], data.draw(st.sampled_from(PLACES[name])), how)
    assume(document != FILES[name])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        try:
            after = read_contract(path)
            before = load_contracts()[name.removesuffix(".odcs.yaml")]
            (comparison, *_) = compare_releases({before.name: before}, {after.name: after})
        except DefinitionError:
            return  # it is no contract any more
    assert comparison.changes
    if after.version == before.version:
        assert comparison.problem


@pytest.mark.parametrize("name", list(load_contracts()))
def test_a_contract_does_not_differ_from_itself(name):
    contract = load_contracts()[name]
    assert changes(contract, read_contract(contracts_dir() / f"{name}.odcs.yaml")) == ()


@given(st.tuples(NUMBERS, NUMBERS, st.booleans(), st.booleans()), st.integers(-4, 4))
def test_limits_cover_what_lies_between_them(parts, number):
    limits, point = Limits(*parts), Limits(number, number)
    above = limits.low is None or number > limits.low or (number == limits.low and not limits.is_low_open)
    below = limits.high is None or number < limits.high or (number == limits.high and not limits.is_high_open)
    assert limits.cover(point) == (above and below)
    assert limits.cover(limits)


@given(st.sampled_from(sorted(load_contracts())), st.sampled_from(sorted(load_contracts())))
@settings(max_examples=30)
def test_what_is_asked_more_one_way_is_promised_less_the_other(one, other):
    forth, back = (
        {c.where: c.effect for c in changes(load_contracts()[a], load_contracts()[b]) if c.what.startswith(ORDERED)}
        for a, b in ((one, other), (other, one))
    )
    opposite = {Effect.TIGHTENED: Effect.LOOSENED, Effect.LOOSENED: Effect.TIGHTENED}
    assert back == {where: opposite.get(effect, effect) for where, effect in forth.items()}
