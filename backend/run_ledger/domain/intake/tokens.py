"""Access tokens (JSON web tokens, RFC 7519) and their signatures by RS256 (RFC 8017, 8.2.2).

A signature is checked by making the one text that it may stand for and comparing the whole, so
nothing of a signature is ever parsed. Only RS256 is taken, whatever a token asks for.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from run_ledger.domain.contract.violations import UNREADABLE
from run_ledger.domain.exceptions import Unauthorized

_MOST_CHARACTERS = 8_192
_PARTS = re.compile(
    r"(?P<header>[A-Za-z0-9_-]+)\.(?P<claims>[A-Za-z0-9_-]+)\.(?P<signature>[A-Za-z0-9_-]+)"
)
# The head of a signed SHA-256 digest (RFC 8017, 9.2, note 1).
_SHA_256 = bytes.fromhex("3031300d060960864801650304020105000420")
_LEAST_BITS, _MOST_BITS = 2_048, 8_192
_MOST_EXPONENT = 1 << 32
_REFUSED = "The request needs a report key, or an access token of this ledger's user pool."


class PublicKey(NamedTuple):
    """An RSA key as its numbers."""

    modulus: int
    exponent: int


class _Header(Struct, frozen=True):
    alg: str
    kid: str


class _Key(Struct, frozen=True):
    kid: str
    kty: str
    n: str
    e: str


class _Keys(Struct, frozen=True):
    keys: list[_Key]


class Token(Struct, frozen=True):
    """A token that is taken apart, and of which nothing is proved."""

    key_id: str
    signed: bytes
    signature: bytes
    claims_text: bytes


def read_keys(document: bytes) -> Mapping[str, PublicKey]:
    """Return the RSA keys of a key set (RFC 7517) by id; raises ValueError for no key set."""
    keys = {}
    for key in msgspec.json.decode(document, type=_Keys).keys:
        modulus, exponent = _number(key.n), _number(key.e)
        fits = _LEAST_BITS <= modulus.bit_length() <= _MOST_BITS and 1 < exponent < _MOST_EXPONENT
        if key.kty == "RSA" and fits:
            keys[key.kid] = PublicKey(modulus, exponent)
    return keys


def read_token(text: str) -> Token:
    """Take a token apart; raises Unauthorized for what has not the form of one."""
    parts = _PARTS.fullmatch(text) if len(text) <= _MOST_CHARACTERS else None
    if parts is None:
        raise Unauthorized(_REFUSED)
    try:
        header = msgspec.json.decode(_bytes(parts["header"]), type=_Header)
        if header.alg != "RS256":
            raise Unauthorized(_REFUSED)
        return Token(
            header.kid,
            text.rpartition(".")[0].encode(),
            _bytes(parts["signature"]),
            _bytes(parts["claims"]),
        )
    except (*UNREADABLE, ValueError) as error:
        raise Unauthorized(_REFUSED) from error


def verified_claims(token: Token, key: PublicKey | None) -> Mapping[str, Any]:
    """Return what a token claims if *key* has signed it; raises Unauthorized otherwise."""
    if key is None or not _is_signed(token, key):
        raise Unauthorized(_REFUSED)
    try:
        return msgspec.json.decode(token.claims_text, type=dict[str, Any])
    except UNREADABLE as error:
        raise Unauthorized(_REFUSED) from error


def _is_signed(token: Token, key: PublicKey) -> bool:
    size = (key.modulus.bit_length() + 7) // 8
    signature = int.from_bytes(token.signature, "big")
    if len(token.signature) != size or signature >= key.modulus:
        return False
    digest = _SHA_256 + hashlib.sha256(token.signed).digest()
    wanted = b"\x00\x01" + b"\xff" * (size - len(digest) - 3) + b"\x00" + digest
    found = pow(signature, key.exponent, key.modulus).to_bytes(size, "big")
    return hmac.compare_digest(found, wanted)


def _bytes(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _number(part: str) -> int:
    return int.from_bytes(_bytes(part), "big")
