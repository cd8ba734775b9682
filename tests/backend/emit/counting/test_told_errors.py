"""What a job's error says of an exception: its cause, its group, and nothing that is secret."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType

import msgspec
import pytest
from tests.support.producers.buses import WillingBus

from run_ledger.domain.contract.fingerprints import fingerprint
from run_ledger.emit import RunLedger
from run_ledger.emit.counting.outgoing_events import make_event
from run_ledger.emit.counting.told_errors import error_document, error_members

ROOT = Path(__file__).resolve().parents[4]
OWNER = {"job_id": "j", "client_id": "acme", "project_id": "p"}


class EnrichError(Exception):
    """An exception of a pipeline's own."""


ENRICH = f"{EnrichError.__module__}.EnrichError"


def raised(work: Callable[[], object]) -> BaseException:
    """Return what *work* raises."""
    try:
        work()
    except BaseException as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("nothing was raised")


def enrich(cause: BaseException | None) -> None:
    """Raise an EnrichError from *cause*."""
    raise EnrichError("record 7") from cause


async def in_task_group(*messages: str) -> None:
    """Fail in as many tasks as there are *messages*."""

    async def fails(message: str) -> None:
        raise ValueError(message)

    async with asyncio.TaskGroup() as group:
        for message in messages:
            group.create_task(fails(message))


def test_a_group_with_one_failure_is_told_as_that() -> None:
    """A TaskGroup in which one task failed, however deep it lies."""
    error = raised(lambda: asyncio.run(in_task_group("model refused")))
    right = {"type": "ValueError", "message": "model refused"}
    assert isinstance(error, BaseExceptionGroup)
    assert error_document(error) == right
    assert error_document(ExceptionGroup("outer", [error])) == right


def test_a_group_of_equal_failures_is_told_as_one() -> None:
    """Twenty tasks that all meet the same refusal are one failure."""
    error = raised(lambda: asyncio.run(in_task_group(*["model refused"] * 20)))
    assert error_document(error) == {"type": "ValueError", "message": "model refused"}


def test_a_group_of_several_failures_tells_them() -> None:
    """The first five, each once."""
    several = [ValueError(f"no {word}") for word in "abcdefg"]
    assert error_document(ExceptionGroup("tasks", [*several, ValueError("no a")])) == {
        "type": "ExceptionGroup",
        "message": (
            "tasks (8 sub-exceptions); ValueError: no a; ValueError: no b; ValueError: no c; "
            "ValueError: no d; ValueError: no e; and 2 more"
        ),
    }


def test_a_group_of_one_kind_is_told_as_its_first_failure() -> None:
    """However many rows are bad."""
    for number in (2, 9):
        rows = [ValueError(f"row {row} is bad") for row in range(number)]
        right = {"type": "ValueError", "message": "row 0 is bad"}
        assert error_document(ExceptionGroup("tasks", rows)) == right


def test_a_failure_in_a_pool_of_processes_is_told_once() -> None:
    """What the pool adds to it is the trace of the same failure, and no cause."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        error = raised(lambda: pool.submit(int, "about 12").result())

    assert error.__cause__ is not None
    assert error_document(error) == {
        "type": "ValueError",
        "message": "invalid literal for int() with base 10: 'about 12'",
    }


def test_number_and_order_of_failures_make_no_other_group() -> None:
    """Each kind is told once, in one order, in whichever tasks end."""
    rows = [ValueError(f"row {row} is bad") for row in range(3)]
    one = error_document(ExceptionGroup("tasks", [KeyError("sku"), *rows]))
    other = error_document(ExceptionGroup("tasks", [rows[2], KeyError("sku")]))

    assert one["message"] == "tasks (4 sub-exceptions); KeyError: 'sku'; ValueError: row 0 is bad"
    assert fingerprint(one["type"], one["message"]) == fingerprint(other["type"], other["message"])


def test_the_cause_is_told() -> None:
    """Of `raise … from …`, with its type."""
    error = raised(lambda: enrich(ConnectionResetError(104, "Connection reset by peer")))
    assert error_document(error) == {
        "type": ENRICH,
        "message": (
            "record 7 (caused by ConnectionResetError: [Errno 104] Connection reset by peer)"
        ),
    }


def test_the_first_cause_of_a_chain_is_told() -> None:
    """What stands between says less."""
    middle = raised(lambda: enrich(KeyError("price")))
    assert error_document(raised(lambda: enrich(middle)))["message"] == (
        "record 7 (caused by KeyError: 'price')"
    )


def test_a_cause_without_a_text_is_told_by_its_type() -> None:
    """A TimeoutError mostly has none."""
    assert error_document(raised(lambda: enrich(TimeoutError())))["message"] == (
        "record 7 (caused by TimeoutError)"
    )


def test_a_cause_that_the_message_repeats_is_not_told_twice() -> None:
    """Clients wrap one exception in another with the same text."""
    assert error_document(raised(lambda: enrich(OSError("record 7"))))["message"] == "record 7"


def test_what_is_handled_meanwhile_is_no_cause() -> None:
    """A cache miss is not why the request failed that it led to; `from None` says so, too."""

    def misses() -> None:
        try:
            {}["page"]
        except KeyError:
            raise EnrichError("record 7")  # noqa: B904 - as pipelines write it

    assert error_document(raised(misses))["message"] == "record 7"
    assert error_document(raised(lambda: enrich(None)))["message"] == "record 7"


def test_chains_in_a_circle_end() -> None:
    """Of exceptions and of groups."""
    one, other = EnrichError("one"), EnrichError("other")
    one.__cause__, other.__cause__ = other, one
    assert error_document(one)["message"] == f"one (caused by {ENRICH}: other)"


def test_a_retry_of_celery_is_told_as_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `celery.exceptions.Retry` is made: by its reason, or with a message alone."""
    module = ModuleType("celery.exceptions")

    class Retry(Exception):
        def __init__(self, message: str | None = None, exc: object = None, when: int = 0) -> None:
            self.message, self.exc, self.when = message, exc, when
            super().__init__(self, exc, when)

        def __str__(self) -> str:
            return self.message or f"Retry in {self.when}s: {self.exc!r}"

    Retry.__module__, Retry.__qualname__ = "celery.exceptions", "Retry"
    monkeypatch.setitem(sys.modules, "celery.exceptions", module)
    assert error_document(Retry(exc=ConnectionError("down"), when=1)) == {
        "type": "ConnectionError",
        "message": "down",
    }
    assert error_document(Retry("later", exc="no exception")) == {
        "type": "celery.exceptions.Retry",
        "message": "later",
    }


PROGRAM = """
import json, sys
from celery.exceptions import Retry
from run_ledger.emit.counting.told_errors import error_document

class Refused(Exception):
    def __init__(self, message, *, answer):
        super().__init__(message)
        self.answer = lambda: answer

reasons = [ConnectionError("down"), Refused("no price", answer=b"")]
json.dump([error_document(Retry(exc=one, when=1)) for one in reasons], sys.stdout)
"""


@pytest.mark.machine_clock
def test_retries_of_the_real_celery() -> None:
    """Also of what can't be pickled, as errors of models' SDKs: Celery keeps a wrapper of it."""
    settings = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [ROOT / ".venvs" / "orchestrators" / "bin" / "python", "-c", PROGRAM],
        env={**settings, "PYTHONPATH": str(ROOT / "backend")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout) == [
        {"type": "ConnectionError", "message": "down"},
        {"type": "Refused", "message": "no price"},
    ]


def test_secrets_in_causes_are_blanked() -> None:
    """Wherever in the chain they stand."""
    message = error_document(raised(lambda: enrich(OSError("password=hunter2 is bad"))))["message"]
    assert message == "record 7 (caused by OSError: password=[blanked] is bad)"


LONG = "could not parse " + "x " * 2_000


def test_a_long_message_keeps_both_ends() -> None:
    """What it begins with says what failed, and often its end says why."""
    message = error_document(ValueError(f"{LONG}: no price"))["message"]
    assert len(message) == 1024
    assert message.startswith("could not parse x x")
    assert message.endswith("x : no price")
    assert " … " in message


def test_two_messages_that_differ_where_they_are_cut_are_two_groups() -> None:
    """The fingerprint is made of the whole message."""
    tail = "y " * 300
    one, other = (error_document(ValueError(f"{LONG}: no {what} {tail}")) for what in ("a", "b"))
    assert one["message"] == other["message"]
    assert one["fingerprint"] != other["fingerprint"]
    assert one["fingerprint"] == fingerprint("ValueError", f"{LONG}: no a {tail}")


def test_a_short_message_has_its_fingerprint_made_by_the_writer() -> None:
    """So that one release of the rule holds for all producers."""
    assert "fingerprint" not in error_document(ValueError("no price"))


def test_a_fingerprint_that_is_given_stays() -> None:
    """Also where the message is cut; at most 128 characters of it."""
    assert error_document("x", fingerprint="mine")["fingerprint"] == "mine"
    assert error_document(LONG, fingerprint="m" * 200)["fingerprint"] == "m" * 128


def test_what_was_told_once_goes_through_unchanged() -> None:
    """An event is mended on its way out, whoever made its error."""
    for error in (ValueError(f"{LONG}: token=s3cr3tv4lue"), "x", EnrichError("\ud800")):
        told = error_document(error)
        assert error_members(**{"error_type": told["type"], **_but_type(told)}) == told


def _but_type(told: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in told.items() if name != "type"}


def test_errors_of_ones_own_events_are_blanked_and_kept_whole_for_their_group() -> None:
    """As `ledger.send` takes them: a text, an exception, or the contract's own form."""
    said = {"type": "E", "message": f"password=hunter2 {LONG}: no price"}
    event = make_event("job_update", {**OWNER, "error": said}, lambda _: None)
    assert event is not None
    error = msgspec.json.decode(event.detail)["error"]
    assert error["message"].startswith("password=[blanked] could")
    assert error["message"].endswith("no price")
    assert error["fingerprint"] == fingerprint("E", f"password=[blanked] {LONG}: no price")


class Broken(Exception):
    """An exception whose text can't be had."""

    def __str__(self) -> str:
        """Fail."""
        raise RuntimeError("no text")


def test_a_broken_exception_is_told_all_the_same() -> None:
    """Also as a cause, and in a group."""
    assert "can't be had" in error_document(Broken())["message"]
    assert "can't be had" in error_document(raised(lambda: enrich(Broken())))["message"]
    assert "can't be had" in error_document(ExceptionGroup("g", [Broken(), KeyError(1)]))["message"]


@pytest.mark.parametrize("method", ["fail", "time_out", "cancel", "partial"])
def test_a_job_takes_a_fingerprint(ledger: RunLedger, bus: WillingBus, method: str) -> None:
    """Wherever it takes an error."""
    with ledger.job(client_id="acme", project_id="p") as job:
        getattr(job, method)("no price", "E", fingerprint="mine")
    assert ledger.close(5.0)
    assert bus.details[-1]["error"] == {"type": "E", "message": "no price", "fingerprint": "mine"}
