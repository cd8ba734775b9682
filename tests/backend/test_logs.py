"""Logs are JSON objects, one a line."""

import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.readers import log_lines
from tests.support.readers.log_lines import Line

from run_ledger import logs
from run_ledger.domain.exceptions import StoreUnavailable


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    """Put the handlers and levels back that the test found."""
    with log_lines.restored():
        yield


def logged(capsys: pytest.CaptureFixture[str]) -> list[Line]:
    """Return what was logged, line by line."""
    return log_lines.read(capsys.readouterr().out)


def configure(level: str) -> None:
    """Configure logging as a handler does."""
    logs.configure(level, stage="prod", function="reader")


def test_extra_fields_stand_beside_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    """What is given as extra becomes a member of the line."""
    configure("INFO")
    logging.getLogger("run_ledger.api").info("answered", extra={"status": 200, "route": "/jobs"})
    (line,) = logged(capsys)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "run_ledger.api",
        "message": "answered",
        "stage": "prod",
        "function": "reader",
        "status": 200,
        "route": "/jobs",
    }


def test_an_exception_is_text_on_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback does not spill over lines that no query could put together again."""
    configure("INFO")
    try:
        int("first\nsecond")
    except ValueError:
        logging.getLogger("run_ledger.api").exception("failed")
    (line,) = logged(capsys)
    assert line["level"] == "ERROR"
    assert "in test_an_exception_is_text_on_the_same_line" in line["exception"]
    assert line["exception"].endswith("\nValueError")


def fail(cause: Exception, error: Exception) -> None:
    """Raise *error* while *cause* is handled."""
    try:
        raise cause  # noqa: TRY301 - that is the point
    except Exception as caught:
        raise error from caught


def test_an_exception_says_what_fails_and_not_what_it_was_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A name has no form to be known by, so only AWS's words and ours are taken over."""
    configure("INFO")
    log = logging.getLogger("run_ledger")
    name = "Noor Haddad"
    refusal: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no such right"}}
    try:
        fail(ClientError(refusal, "Query"), StoreUnavailable("the table does not answer"))
    except StoreUnavailable:
        log.exception("failed")
    try:
        fail(KeyError(name), RuntimeError(f"of {name}"))
    except RuntimeError:
        log.exception("failed")
    known, unknown = logged(capsys)
    assert "(AccessDeniedException) when calling the Query operation" in known["exception"]
    assert known["exception"].endswith("StoreUnavailable: the table does not answer")
    assert "Haddad" not in str(unknown)
    assert "KeyError\n" in unknown["exception"]
    assert unknown["exception"].endswith("\nRuntimeError")


def test_no_extra_can_pretend_to_be_another_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The members that say when, how bad and whose can't be overwritten."""
    configure("INFO")
    logging.getLogger("run_ledger").info("said", extra={"level": "DEBUG", "timestamp": "never"})
    (line,) = logged(capsys)
    assert line["level"] == "INFO"
    assert line["timestamp"] != "never"


def test_values_without_a_json_form_stand_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A log line never fails for what it is to say."""
    configure("INFO")
    logging.getLogger("run_ledger").info("said", extra={"key": b"\xff", "odd": {"a": object}})
    logging.getLogger("run_ledger").info("said", extra={"half": "\ud800", "odd": {b"a": object}})
    first, second = logged(capsys)
    assert first["key"] == "/w=="
    assert first["odd"] == {"a": "<class 'object'>"}
    assert (second["half"], second["odd"]) == ("\ud800", {})


def test_libraries_keep_quiet_below_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """At DEBUG our own detail shows, and botocore's requests don't."""
    configure("DEBUG")
    logging.getLogger("run_ledger.store").debug("ours")
    logging.getLogger("botocore.endpoint").debug("authorization: secret")
    logging.getLogger("botocore.endpoint").warning("pool is full")
    assert [line["message"] for line in logged(capsys)] == ["ours", "pool is full"]


class Context:
    """What Lambda tells a function of an invocation."""

    def __init__(self, request_id: str) -> None:
        """Have an id."""
        self.aws_request_id = request_id


def test_lines_carry_the_invocation(capsys: pytest.CaptureFixture[str]) -> None:
    """From `begin` on, those of libraries, too; the next invocation has an id of its own."""
    configure("INFO")
    for request_id in ("one", "two"):
        logs.begin(Context(request_id))
        logging.getLogger("botocore").warning("slow")
    assert [line["request_id"] for line in logged(capsys)] == ["one", "two"]


SECRETS = {
    "a token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
    "an authorization": "Authorization: Bearer abcdefghijklmnop",
    "basic authorization": "Basic dXNlcjpwYXNzd29yZA==",
    "an access key": "AKIAIOSFODNN7EXAMPLE",
    "a session's access key": "ASIAIOSFODNN7EXAMPLE",
    "an address": "ana.maria+jobs@clients.example.com",
    "a password": "password=hunter2hunter2",
    "a password in a dict": "{'password': 'hunter2hunter2'}",
    "a password in JSON": '{"password": "hunter2hunter2"}',
    "an API key": "api_key: 0123456789abcdef",
    "a service's key": "sk-proj-0123456789abcdef",
    "a repository's token": "ghp_0123456789abcdefghij",
    "a report key": "rlk_0123456789abcdef_0123456789abcdefghij",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
def test_what_looks_like_a_secret_is_blotted_out(
    secret: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wherever it stands: in the message, in a member, in an exception; the rest stays."""
    configure("INFO")
    log = logging.getLogger("run_ledger")
    log.info("before %s after", secret)
    log.info("said", extra={"reason": f"before {secret} after", "deep": [{"er": secret}]})
    try:
        int(f"before\n{secret} after")
    except ValueError:
        log.exception("failed")
    output = capsys.readouterr().out
    lines = log_lines.read(output)
    words = re.findall(r"[\w+/=.@-]{13,}", secret)
    assert words
    assert not [word for word in words if word in output]
    assert lines[0]["message"].startswith("before ")
    assert lines[1]["reason"].endswith(" after")
    assert lines[2]["exception"].endswith("\nValueError")
    assert output.count(logs.BLOT) >= 3


@pytest.mark.parametrize(
    "text",
    ["input_tokens rose to 812", "event_id_reused", "task-1", "https://logs.example.com/a?b=c"],
)
def test_what_is_no_secret_stays(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Names of counters, ids and links."""
    configure("INFO")
    logging.getLogger("run_ledger").info(text)
    assert [line["message"] for line in logged(capsys)] == [text]
