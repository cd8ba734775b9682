"""Signatures: what the pool's key has signed counts, and nothing else."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st
from tests.support.readers.reporting import (
    KEY_ID,
    key_set,
    machine_claims,
    part,
    signed,
    signing_key,
)

from run_ledger.domain.exceptions import Unauthorized
from run_ledger.domain.intake.tokens import PublicKey, read_keys, read_token, verified_claims

KEYS = read_keys(key_set((KEY_ID, signing_key())))
CLAIMS = machine_claims()


def claims_of(text: str) -> Any:
    """Return what a token claims, as the intake reads it."""
    token = read_token(text)
    return verified_claims(token, KEYS.get(token.key_id))


def test_a_signed_token_is_read() -> None:
    """With all that it claims."""
    assert claims_of(signed(CLAIMS)) == CLAIMS


@pytest.mark.parametrize("bits", [2_048, 2_056, 3_072, 4_096])
def test_keys_of_each_usual_size_count(bits: int) -> None:
    """Also of one whose size is no power of two."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=bits)
    token = read_token(signed(CLAIMS, key=key))
    assert verified_claims(token, read_keys(key_set(("a", key)))["a"]) == CLAIMS


def test_weak_keys_and_keys_of_another_kind_are_none() -> None:
    """Nor are those whose exponent would take long."""
    published = json.loads(key_set((KEY_ID, signing_key())))["keys"][0]
    weak = rsa.generate_private_key(65_537, 1_024)  # noqa: S505 - weak on purpose
    assert read_keys(key_set(("weak", weak))) == {}
    for change in ({"kty": "EC"}, {"e": "AQ"}, {"e": part(b"\xff" * 9)}):
        assert read_keys(json.dumps({"keys": [{**published, **change}]}).encode()) == {}


def _with(token: str, number: int, new: str) -> str:
    parts = token.split(".")
    parts[number] = new
    return ".".join(parts)


def _forgeries() -> dict[str, str]:
    good, other = signed(CLAIMS), signing_key("another")
    pss = signing_key().sign(
        good.rpartition(".")[0].encode(),
        padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.MAX_LENGTH),
        hashes.SHA256(),
    )
    sha_512 = signing_key().sign(
        good.rpartition(".")[0].encode(), padding.PKCS1v15(), hashes.SHA512()
    )
    modulus = signing_key().public_key().public_numbers().n
    signature = good.rpartition(".")[2]
    number = int.from_bytes(base64.urlsafe_b64decode(signature + "=="), "big")
    return {
        "another key": signed(CLAIMS, key=other),
        "another key's id": signed(CLAIMS, {"alg": "RS256", "kid": "mine"}, other),
        "no algorithm": signed(CLAIMS, {"alg": "none", "kid": KEY_ID}),
        "HS256": signed(CLAIMS, {"alg": "HS256", "kid": KEY_ID}),
        "no id of a key": signed(CLAIMS, {"alg": "RS256"}),
        "other claims": _with(good, 1, part({**CLAIMS, "exp": CLAIMS["exp"] + 1})),
        "another header": _with(good, 0, part({"alg": "RS256", "kid": KEY_ID, "x": 1})),
        "no signature": _with(good, 2, ""),
        "zero": _with(good, 2, part(bytes(256))),
        "one": _with(good, 2, part(bytes(255) + b"\x01")),
        "short": _with(good, 2, signature[:-4]),
        "long": _with(good, 2, part(b"\x00" + number.to_bytes(256, "big"))),
        "beyond the modulus": _with(good, 2, part((number + modulus).to_bytes(257, "big"))),
        "PSS": _with(good, 2, part(pss)),
        "SHA-512": _with(good, 2, part(sha_512)),
        "padded": good + "=",
        "two parts": good.rpartition(".")[0],
        "four parts": good + ".x",
        "empty": "",
        "dots": "..",
        "claims that are no object": signed([1]),
        "a large one": signed({**CLAIMS, "x": "a" * 9_000}),
        "a line feed": good + "\n",
    }


FORGERIES = _forgeries()


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_refused(name: str) -> None:
    """All in the same words, but for nothing."""
    with pytest.raises(Unauthorized):
        claims_of(FORGERIES[name])


@given(st.text(max_size=60) | st.binary(max_size=60).map(part))
def test_whatever_is_sent_is_a_token_or_refused(text: str) -> None:
    """Nothing else is raised."""
    for one in (text, f"{text}.{text}.{text}", f"{part({'alg': 'RS256', 'kid': 'k'})}.{text}.AA"):
        with pytest.raises(Unauthorized):
            claims_of(one)


def test_every_changed_bit_of_a_signature_is_seen() -> None:
    """One flipped bit in each byte."""
    good = signed(CLAIMS)
    head, _, signature = good.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1 << place % 8
        with pytest.raises(Unauthorized):
            claims_of(f"{head}.{part(bytes(changed))}")


def test_a_padding_that_is_shorter_is_refused() -> None:
    """A text with the digest elsewhere, as forgeries for an exponent of three have it, is none."""
    token = read_token(signed(CLAIMS))
    small = PublicKey(1 << 2_047 | 1, 3)
    with pytest.raises(Unauthorized):
        verified_claims(token, small)
