"""The prover goes on with the proof, changes no job, and tells what differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers import log_lines
from tests.support.readers.log_lines import Line
from tests.support.readers.reading import House, Serial, client_user, house
from tests.support.recounts.falsehoods import in_item

from run_ledger import prover
from run_ledger.domain import instants
from run_ledger.domain.instants import DAY, HOUR, later
from run_ledger.store.proof.row_walk import RowWalk

Run = Callable[..., list[Line]]


class Context:
    """What Lambda tells a function of an invocation."""

    aws_request_id = "invocation-1"

    def __init__(self, milliseconds: int) -> None:
        """Have so much time left."""
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        """Return it."""
        return self.milliseconds


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give a house that the handler finds, two hours after two jobs were reported."""
    for name, table in NAMES._asdict().items():
        monkeypatch.setenv(f"{name.upper()}_TABLE", table)
    prover._tools.cache_clear()
    with log_lines.restored(), house() as made:
        monkeypatch.setattr(prover, "dynamodb", lambda: made.counting)
        monkeypatch.setattr(prover, "ThreadPoolExecutor", lambda *_: Serial())
        monkeypatch.setattr("time.time_ns", lambda: made.now * 1_000)
        for client in ("acme", "globex"):
            made.post(job_update(event_id=client, job_id=f"{client}-1", client_id=client))
        made.now = later(made.now, 2 * HOUR)
        yield made
    prover._tools.cache_clear()


@pytest.fixture
def run(here: House, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a function that lets the prover run and returns its lines."""

    def once(milliseconds: int = 600_000) -> list[Line]:
        capsys.readouterr()
        prover.handler({}, Context(milliseconds))
        return log_lines.read(capsys.readouterr().out)

    return once


def test_a_right_ledger_costs_no_metric(here: House, run: Run) -> None:
    """The line says how far the proof is; a metric has a value only where something differs."""
    (line,) = run()

    assert (line["message"], line["function"], line["Judged"]) == ("proved", "prover", 2)
    assert "_aws" not in line
    assert line["proved_to"] == instants.text(later(here.now, -HOUR))
    assert line["BehindSeconds"] == 3_600


def test_what_differs_is_told_and_counted_until_it_is_mended(here: House, run: Run) -> None:
    """By ids and names of attributes, never by what somebody wrote there."""
    right = here.client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "acme-1"}})["Item"]
    in_item(NAMES.jobs, "acme-1", n=7, outcome="a secret text")(here.client)

    told, line = run()

    assert (told["level"], told["message"]) == ("ERROR", "differs")
    assert (told["client_id"], told["job_id"]) == ("acme", "acme-1")
    assert told["attributes"] == ["n", "outcome"]
    assert "a secret text" not in str([told, line])
    assert log_lines.metrics_of(line) == {"Differing": [1]}
    # A run without a walk still counts it: the alarm stays.
    (line,) = run()
    assert log_lines.metrics_of(line) == {"Differing": [1]}

    here.client.put_item(TableName=NAMES.jobs, Item=right)
    here.now = later(here.now, HOUR)
    (line,) = run()
    assert "_aws" not in line


def test_a_run_without_time_says_how_far_behind_it_is(here: House, run: Run) -> None:
    """It fails once that is too far, so that the function's errors raise an alarm."""
    (line,) = run(1_000)
    assert line["Judged"] == 0
    here.now = later(here.now, prover.MOST_BEHIND)
    with pytest.raises(prover.ProofBehind):
        run(1_000)
    lines = run()
    assert lines[-1]["proved_to"] > line["proved_to"]


def test_rows_that_stay_behind_are_told_though_jobs_go_on(
    here: House, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where each run has time for jobs alone; a day is how late rows of a busy day are."""
    run()
    monkeypatch.setattr(RowWalk, "go", lambda *_: None)
    here.now = later(here.now, DAY)
    run()
    here.now = later(here.now, prover.MOST_BEHIND)
    with pytest.raises(prover.ProofBehind, match="rows proved to"):
        run()


def test_a_run_that_fails_is_an_error_of_the_function(here: House, run: Run) -> None:
    """The next one goes on."""

    def refused(number: int, name: str, call: Callable[[], Any]) -> Any:
        raise RuntimeError(name)

    here.counting.interfere = refused
    with pytest.raises(RuntimeError):
        run()
    here.counting.interfere = None
    assert run()[-1]["Judged"] == 2


def test_the_api_shows_the_proof_to_each_caller(here: House, run: Run) -> None:
    """Staff see all; a client's people see its own recounts and what of it differs."""
    before = here.get("/proof").json
    assert (before["proved_to"], before["judged"], before["differing"]) == (None, 0, [])
    in_item(NAMES.jobs, "acme-1", n=7)(here.client)
    run()

    everything = here.get("/proof").json
    assert (everything["judged"], everything["differences"]) == (2, 1)
    assert everything["proved_to"] == instants.text(later(here.now, -HOUR))
    (drift,) = everything["differing"]
    assert (drift["client_id"], drift["kind"], drift["id"]) == ("acme", "job", "acme-1")
    assert drift["differences"] == [{"attribute": "n", "stored": 7, "recounted": 1}]
    mine = here.get("/proof", client_user("acme")).json
    assert (mine["judged"], mine["differences"], len(mine["differing"])) == (1, 1, 1)
    theirs = here.get("/proof", client_user("globex")).json
    assert (theirs["judged"], theirs["differences"], theirs["differing"]) == (1, 0, [])
    assert here.get("/proof", client_user("globex"), client_id="acme").json["judged"] == 0
    # A name that begins like another's shows nothing of it.
    assert here.get("/proof", client_user("acm")).json["differing"] == []


def test_a_number_that_json_does_not_carry_is_left_out(here: House, run: Run) -> None:
    """A damaged counter of any size hides neither itself nor the rest of the answer."""
    in_item(NAMES.jobs, "acme-1", n=10**30)(here.client)
    run()

    (drift,) = here.get("/proof").json["differing"]

    assert drift["differences"] == [{"attribute": "n", "stored": None, "recounted": 1}]
