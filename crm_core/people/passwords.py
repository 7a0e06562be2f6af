"""Passwords: argon2id, 64 MiB and some 100 ms each, so a leaked table is slow to try."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm_core.base.errors import Invalid

SHORTEST, LONGEST = 12, 200

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """The hash to store; ``Invalid`` where the password is too short, long or simple."""
    if len(password) < SHORTEST:
        raise Invalid.field("password", f"Use at least {SHORTEST} characters: a few words will do.")
    if len(password) > LONGEST:
        raise Invalid.field("password", f"Use at most {LONGEST} characters.")
    if len(set(password)) < 5:
        raise Invalid.field("password", "Use more than a few different characters.")
    return _hasher.hash(password)


def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether it is the password; takes as long where there is no hash to compare with.

    It occupies a processor for some 100 ms: call it in a thread, outside any transaction.
    """
    try:
        _hasher.verify(password_hash or _nobodys_hash(), password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("the password of an account that does not exist")
