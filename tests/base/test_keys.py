"""Keys are made once and kept to oneself; beside an outside database they must be given."""

import base64
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crm_core.base import crypto, keys

SetEnvironment = Callable[..., None]


@pytest.fixture
def fresh(tmp_path: Path, set_environment: SetEnvironment) -> Path:
    """A data directory without keys, and none in the environment."""
    folder = tmp_path / "data"
    set_environment(CRM_DATA_DIR=str(folder), CRM_ENCRYPTION_KEY=None, CRM_SESSION_KEY=None)
    return folder


def test_keys_are_made_at_the_first_use_and_found_again(
    fresh: Path, set_environment: SetEnvironment
) -> None:
    made = keys.encryption_key()
    set_environment()
    assert keys.encryption_key() == made
    assert len(made) == 32


def test_the_two_keys_differ(fresh: Path) -> None:
    assert keys.encryption_key() != keys.session_key()


def test_nobody_else_can_read_them(fresh: Path) -> None:
    keys.encryption_key()
    assert stat.S_IMODE((fresh / "encryption.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o700


def test_processes_that_start_together_agree_on_one(fresh: Path) -> None:
    program = "from crm_core.base import keys; print(keys.encryption_key().hex())"
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) for _ in range(3)
    ]
    said = {process.communicate()[0] for process in started}
    assert len(said) == 1
    assert {path.name for path in fresh.iterdir()} == {"encryption.key"}


def test_beside_an_outside_database_the_key_must_be_given(
    fresh: Path, set_environment: SetEnvironment
) -> None:
    set_environment(DATABASE_URL="postgresql://db/crm")
    with pytest.raises(keys.KeyMissing, match="Set CRM_ENCRYPTION_KEY"):
        keys.encryption_key()


@pytest.mark.parametrize(
    "given", ["short", base64.urlsafe_b64encode(b"x" * 31).decode(), "ключ", "a", "%%%%"]
)
def test_a_key_that_is_none_is_refused_by_its_name(
    set_environment: SetEnvironment, given: str
) -> None:
    set_environment(CRM_SESSION_KEY=given)
    with pytest.raises(keys.KeyMissing, match="CRM_SESSION_KEY"):
        keys.session_key()


def test_a_key_may_be_written_without_its_padding(set_environment: SetEnvironment) -> None:
    set_environment(CRM_SESSION_KEY=base64.urlsafe_b64encode(b"x" * 32).decode().rstrip("="))
    assert keys.session_key() == b"x" * 32


def test_what_was_encrypted_comes_back_and_looks_different_each_time() -> None:
    first, second = crypto.encrypt("12345678901"), crypto.encrypt("12345678901")
    assert first != second
    assert b"12345678901" not in first
    assert crypto.decrypt(first) == crypto.decrypt(second) == "12345678901"


def test_another_key_opens_nothing(set_environment: SetEnvironment) -> None:
    sealed = crypto.encrypt("12345678901")
    set_environment(CRM_ENCRYPTION_KEY=base64.urlsafe_b64encode(b"o" * 32).decode())
    with pytest.raises(ValueError, match="another key"):
        crypto.decrypt(sealed)


def test_an_altered_value_is_noticed() -> None:
    sealed = bytearray(crypto.encrypt("12345678901"))
    sealed[40] ^= 1
    with pytest.raises(ValueError, match="altered"):
        crypto.decrypt(bytes(sealed))


def test_equal_values_are_found_by_their_hash_but_only_under_the_key(
    set_environment: SetEnvironment,
) -> None:
    found = crypto.keyed_hash("0123456789")
    assert crypto.keyed_hash("0123456789") == found != crypto.keyed_hash("0123456788")
    set_environment(CRM_ENCRYPTION_KEY=base64.urlsafe_b64encode(b"o" * 32).decode())
    assert crypto.keyed_hash("0123456789") != found


def test_a_signature_holds_for_its_text_and_purpose_only() -> None:
    signature = crypto.sign("form", "7")
    assert crypto.signature_holds("form", "7", signature)
    assert not crypto.signature_holds("form", "8", signature)
    assert not crypto.signature_holds("link", "7", signature)
    assert not crypto.signature_holds("form", "7", "ü")
