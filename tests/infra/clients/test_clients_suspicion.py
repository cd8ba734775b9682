"""What looks like a secret is told from what does not, by its name and by its form."""

from __future__ import annotations

import base64
import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger_ops.clients.suspicion import form, suspicion

# Each is put together here, so that no search of this repository for secrets finds one.
SECRETS = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYEXAMPLEKEY",
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxIn0.c2ln",
    "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIB",
    "-----BEGIN " + "PRIVATE KEY-----",
    "ghp_" + "a" * 36,
    "github_pat_" + "a" * 30,
    "glpat-" + "a" * 20,
    "xoxb-" + "123456789012-abc",
    "https://hooks.slack.com" + "/services/T0/B0/x",
    "sk-" + "a" * 48,
    "sk-proj-" + "a" * 20,
    "sk-ant-" + "api03-abcdefgh",
    "sk_live_" + "a" * 24,
    "rk_test_" + "a" * 24,
    "whsec_" + "a" * 24,
    "AIza" + "a" * 35,
    "hf_" + "a" * 34,
    "npm_" + "a" * 36,
    "SG." + "a" * 22 + "." + "b" * 43,
    "Bearer " + "abc.def-123",
    "Basic " + "dXNlcjpwYXNzMTIz",
    "postgresql://app:" + "hunter2@db.example:5432/app",
    "redis://:" + "hunter2@cache.example",
    "Server=db;User Id=app;" + "Password=hunter2;",
    "DefaultEndpointsProtocol=https;AccountName=a;" + "AccountKey=abcd==",
    '{"user": "a", "password"' + ': "hunter2"}',
    "https://api.example/v1?api_key" + "=hunter2",
    "https://blob.example/x?sv=1&sig" + "=hunter2%3D",
    "the key is " + "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=32)),
    base64.b64encode(random.Random(2).randbytes(24)).decode(),
    random.Random(3).randbytes(32).hex(),
]
NO_SECRETS = [
    "",
    "0.85",
    "4096",
    "true",
    "demo-medium",
    "en, de, fr",
    "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
    "gpt-4o-mini-2024-07-18",
    "meta-llama/Meta-Llama-3.1-70B-Instruct",
    "sentence-transformers/all-MiniLM-L6-v2",
    "EntityResolutionPipelineV2Config",
    "s3://acme-data-lake/enrichment/2026/11/22/part-0001.parquet",
    "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude",
    "https://example.com/a/b?page=1",
    "7c1f0a52-1111-4222-8333-abcdefabcdef",
    "2026-11-22T14:15:00Z",
    "0 3 * * 1-5",
    "^[A-Z]{2}[0-9]{6}$",
    "max_tokens=4096, temperature=0.2",
    "Basic description of the product, in German",
    "data-team@acme.example",
    "Match product titles to GS1 bricks; answer with the code alone.",
]
NAMES = [
    *("password", "db_password", "dbPassword", "DB-PASSWORD", "passwd", "pwd", "passphrase"),
    *("secret", "client.secret", "clientsecret", "token", "slack_token", "accessToken"),
    *("apikey", "api_key", "API_KEY", "apiKey", "api-key", "aws_access_key_id", "private_key"),
    *("credentials", "signing_key", "connection_string", "dsn", "basic_auth", "webhook_url"),
]


@pytest.mark.parametrize("value", SECRETS)
def test_a_secret_is_known_by_its_form(value: str) -> None:
    """Whatever the parameter is called; the reason does not repeat it."""
    reason = suspicion("setting", value)
    assert reason is not None
    assert "form of" in reason
    assert value not in reason
    assert "hunter2" not in reason


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_known_by_its_name(name: str) -> None:
    """However its words are joined, and however harmless the value looks."""
    assert "name" in (suspicion(name, "blue") or "")


@pytest.mark.parametrize("value", NO_SECRETS)
def test_settings_are_let_through(value: str) -> None:
    """Models, paths, patterns, times, prose: what configurations are made of."""
    assert suspicion("setting", value) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_tokens", "4096"),
        ("token_budget", "1_000_000"),
        ("is_private", "false"),
        ("use_secret_store", "true"),
        ("tokenizer", "cl100k_base"),
        ("author", "Jo"),
        ("keyboard", "de"),
        ("monkey", "x"),
        ("pinned_version", "2"),
        ("passenger_limit", "4"),
    ],
)
def test_settings_about_secrets_are_let_through(name: str, value: str) -> None:
    """A number of tokens is no token, and yes is no password."""
    assert suspicion(name, value) is None


@given(st.binary(min_size=24, max_size=64))
def test_random_bytes_are_hardly_ever_let_through(content: bytes) -> None:
    """In base64 and in hex, if they are random at all."""
    dice = random.Random(content)
    key = dice.randbytes(32)
    assert suspicion("setting", base64.b64encode(key).decode()) is not None
    assert suspicion("setting", base64.urlsafe_b64encode(key).decode()) is not None


def test_prose_may_speak_of_passwords() -> None:
    """Descriptions are searched for keys alone."""
    assert form("Token: a piece of text. Password: see the vault, Basic authentication") is None
    assert form("it is AKIA" + "IOSFODNN7EXAMPLE") is not None
