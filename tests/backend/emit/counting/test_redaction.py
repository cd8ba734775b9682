"""Secrets in error texts are blanked; what is none stays readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.emit.counting.redaction import redacted

SECRET = "s3cr3t-V4lue_0123456789"
KEY_ID = "AKIA" + "ABCDEFGHIJKLMNOP"


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"DB_PASSWORD: {SECRET}",
        f'{{"api_key": "{SECRET}", "x": 1}}',
        f"{{'client_secret': '{SECRET}'}}",
        f"Authorization: Bearer {SECRET}",
        f"authorization: Basic {SECRET}==",
        f"curl -H 'X-Api-Key: {SECRET}'",
        f"mysql --password={SECRET} --user me",
        f"tool --api-token {SECRET} --verbose",
        f"postgres://me:{SECRET}@db/x failed",
        f"https://x/?sig=abc&access_token={SECRET}&y=1",
        f"token = '{SECRET}' is expired",
        f"the key sk-{SECRET} is wrong",
        f"ghp_{'a1' * 18} and {SECRET[:0]}",
        f"{KEY_ID} is not valid",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_123 expired",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
        f'aws_secret_access_key = "{SECRET} with spaces"',
    ],
)
def test_secrets_are_blanked(text: str) -> None:
    """By their name or their form."""
    blanked = redacted(text)

    assert "[blanked]" in blanked
    for secret in (SECRET, KEY_ID, "ghp_a1", "eyJzdWIi"):
        assert secret not in blanked


@pytest.mark.parametrize(
    "text",
    [
        "KeyError: 'records'",
        "no such file: /data/tokens/2026.csv",
        "expected 12 tokens, got 13",
        "the password is wrong",
        "authentication failed for user me",
        "HTTP 429 from https://api.example.com/v1/items?page=2",
        "line 3: unexpected token } in JSON",
    ],
)
def test_other_text_stays(text: str) -> None:
    """What names no secret's value is left as it is."""
    assert redacted(text) == text


def test_what_stands_around_a_secret_stays() -> None:
    """The message still says what happened, and where."""
    assert (
        redacted(f"login to db-1 with password={SECRET} failed: timeout after 3 s")
        == "login to db-1 with password=[blanked] failed: timeout after 3 s"
    )


@given(st.text(max_size=300))
def test_it_is_total_and_settles(text: str) -> None:
    """Any text goes through, and going through twice changes nothing more of a secret."""
    assert isinstance(redacted(redacted(text)), str)


def test_hostile_text_takes_no_time() -> None:
    """Long runs of what rules begin with are looked at once, not again from each character."""
    for seed in (
        "a",
        "password",
        "--password",
        "eyJ",
        "a.",
        "://",
        "-----BEGIN ",
        '"token":"',
        "x:",
    ):
        assert redacted(seed * 20_000)
