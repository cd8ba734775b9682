"""`run-ledger status` shows whether AWS keeps the reader from where secrets lie."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from run_ledger_ops.checks.findings import Level
from run_ledger_ops.checks.reader_rights import rights_of_reader

ALL = ["a whole item", "a scan"]


class FakeSystem:
    """A system whose reader answers an invocation as given."""

    def __init__(self, answer: Any, **more: Any) -> None:
        """Answer with a document."""
        self.outputs = {"ReaderFunctionName": "run-ledger-test-reader"}
        self.answer = {"Payload": io.BytesIO(json.dumps(answer).encode()), **more}
        self.invoked: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Return the client of Lambda."""
        assert service == "lambda"
        return self

    def invoke(self, **request: Any) -> Any:
        """Answer an invocation."""
        self.invoked = request
        return self.answer


def found(answer: Any, **more: Any) -> Any:
    """Return what is found where the reader answers so."""
    system: Any = FakeSystem(answer, **more)
    return rights_of_reader(system)


def test_a_reader_that_is_refused_is_well() -> None:
    """The finding says how many reads were tried."""
    finding = found({"is_let_in": True, "forbidden": ALL, "answered": []})
    assert (finding.part, finding.level) == ("secrets", Level.WELL)
    assert "all 2 reads" in finding.words


def test_an_answered_read_is_wrong_and_named() -> None:
    """Somebody has to look at the policy at once."""
    finding = found({"is_let_in": True, "forbidden": ALL, "answered": ["a scan"]})
    assert finding.level is Level.WRONG
    assert finding.words.endswith(": a scan")


def test_a_refused_need_is_wrong() -> None:
    """A condition that never holds shuts out the API itself."""
    finding = found({"is_let_in": False, "forbidden": ALL, "answered": []})
    assert finding.level is Level.WRONG
    assert "refuses the reader the clients" in finding.words


@pytest.mark.parametrize(
    ("answer", "more", "words"),
    [
        ({"statusCode": 404}, {}, "older than this command"),
        ({"errorMessage": "no table"}, {"FunctionError": "Unhandled"}, "no table"),
    ],
)
def test_what_could_not_be_tried_is_said(answer: Any, more: Any, words: str) -> None:
    """Neither well nor wrong: the caller makes `unknown` of it."""
    with pytest.raises(ValueError, match=words):
        found(answer, **more)
