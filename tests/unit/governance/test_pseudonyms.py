"""Pseudonyms: the published construction, the key kept close."""

import copy
import hashlib
import hmac
import pickle
import stat

import pyarrow as pa
import pytest

from phm.errors import ConfigurationError
from phm.governance.pseudonyms import Pseudonymiser, create_key

KEY = b"a site key for tests, long enough to be one"
posix = pytest.mark.skipif("os.name != 'posix'", reason="permission bits exist on POSIX only")


@pytest.mark.parametrize("key", [KEY, b"k" * 32, b"k" * 64, b"k" * 65, b"k" * 200])
def test_a_pseudonym_is_the_start_of_an_hmac(key):
    numbers = ["9990000018", "9990000026"]
    expected = [hmac.new(key, n.encode(), hashlib.sha256).hexdigest()[:32] for n in numbers]
    assert Pseudonymiser(key).person_ids(numbers).to_pylist() == expected


def test_arrow_arrays_keep_their_order():
    chunked = pa.chunked_array([["9990000026"], ["9990000018"]])
    pseudonymiser = Pseudonymiser(KEY)
    assert pseudonymiser.person_ids(chunked).equals(pseudonymiser.person_ids(["9990000026", "9990000018"]))
    assert pseudonymiser.person_ids(pa.array([], pa.string())).type == pa.string()


def test_another_key_gives_other_pseudonyms():
    assert Pseudonymiser(KEY).person_ids(["9990000018"]) != Pseudonymiser.demo().person_ids(["9990000018"])
    assert Pseudonymiser.throwaway().person_ids(["9990000018"]) != Pseudonymiser.throwaway().person_ids(["9990000018"])


def test_the_key_is_never_shown():
    pseudonymiser = Pseudonymiser(KEY)
    shown = repr(pseudonymiser) + str(pseudonymiser) + repr(getattr(pseudonymiser, "__dict__", ""))
    assert "site key" not in shown
    for write_down in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not pickled"):
            write_down(pseudonymiser)


@pytest.mark.parametrize("key", [b"", b"short", b"k" * 31])
def test_a_short_key_is_refused_without_being_shown(key):
    with pytest.raises(ConfigurationError, match="shorter than 32 bytes") as caught:
        Pseudonymiser(key)
    assert "kkk" not in str(caught.value)


def test_a_new_key_is_long_random_and_the_owner_s(tmp_path):
    first, second = tmp_path / "vault" / "site.key", tmp_path / "other.key"
    create_key(first)
    create_key(second)
    assert first.read_bytes() != second.read_bytes()
    assert Pseudonymiser.from_file(first).person_ids(["9990000018"])[0].as_py()


@posix
def test_a_new_key_is_readable_by_its_owner_only(tmp_path):
    path = tmp_path / "vault" / "site.key"
    create_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_is_never_replaced(tmp_path):
    path = tmp_path / "site.key"
    create_key(path)
    content = path.read_bytes()
    with pytest.raises(ConfigurationError, match=r"already.*site\.key"):
        create_key(path)
    assert path.read_bytes() == content


def test_a_missing_key_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot be read .*site\.key.*phm key create"):
        Pseudonymiser.from_key(None, tmp_path / "site.key")


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o620])
def test_a_key_file_others_may_read_or_change_is_refused(tmp_path, mode):
    path = tmp_path / "site.key"
    create_key(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        Pseudonymiser.from_file(path)


def test_an_injected_key_comes_before_the_file(tmp_path):
    injected = Pseudonymiser.from_key(f" {KEY.decode()}\n", tmp_path / "absent.key")
    assert injected.person_ids(["9990000018"]) == Pseudonymiser(KEY).person_ids(["9990000018"])
