"""Secrets at rest: encrypted values, keyed hashes to find them, and hashes of tokens.

One key encrypts (``CRM_ENCRYPTION_KEY``); what finds an encrypted value again is an HMAC
under a key derived from it, so that equal numbers have equal hashes and nobody without the
key can try all ten-digit numbers.
"""

import base64
import hashlib
import hmac
import secrets
from functools import cache

from cryptography.fernet import Fernet, InvalidToken

from crm_core.base import keys


def encrypt(text: str) -> bytes:
    """Ciphertext that only ``decrypt`` under the same key turns back."""
    return _fernet().encrypt(text.encode())


def decrypt(data: bytes) -> str:
    """The text; ``ValueError`` where the data was altered or made under another key."""
    return decrypt_bytes(data).decode()


def encrypt_bytes(data: bytes) -> bytes:
    """The same for a part of a file, which only ``decrypt_bytes`` turns back."""
    return _fernet().encrypt(data)


def decrypt_bytes(data: bytes) -> bytes:
    """What was encrypted; ``ValueError`` as for a text."""
    try:
        return _fernet().decrypt(data)
    except InvalidToken as error:
        raise ValueError("the value was encrypted under another key, or altered") from error


def keyed_hash(text: str) -> bytes:
    """32 bytes that find an encrypted value again, by equality only."""
    return hmac.digest(_find_key(), text.encode(), hashlib.sha256)


def new_token() -> str:
    """256 random bits for a cookie, link or API token, safe in a URL."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What the database keeps of a token: a leaked table opens nothing."""
    return hashlib.sha256(token.encode()).digest()


def sign(purpose: str, text: str) -> str:
    """A short URL-safe signature of ``text``, valid for one ``purpose`` only."""
    digest = hmac.digest(keys.session_key(), f"{purpose}\0{text}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def signature_holds(purpose: str, text: str, signature: str) -> bool:
    """Whether ``sign`` made this signature; compares in constant time."""
    return equal(sign(purpose, text), signature)


def equal(expected: str, given: str) -> bool:
    """Whether two texts are the same, in constant time."""
    return hmac.compare_digest(expected.encode(), given.encode())


@cache
def _fernet() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(keys.encryption_key()))


@cache
def _find_key() -> bytes:
    return hmac.digest(keys.encryption_key(), b"find by equality", hashlib.sha256)
