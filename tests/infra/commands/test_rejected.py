"""`run-ledger rejected`: what broke the contract is seen, sent again, or let be, and never lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update, text, without
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.store.items.log_items import entries_of
from run_ledger_ops import command
from run_ledger_ops.console.target import Target

Run = Callable[..., tuple[int, str, str]]

BAD = text(job_update(status="sleeping", envelope_id="bad-1"))
WORSE = "{"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with nothing in it."""
    with deployed_system(monkeypatch) as deployed:
        yield deployed


@pytest.fixture
def run(system: System, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command; it returns the exit code and what was printed."""

    def rejected(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["rejected", *arguments, "--stage", STAGE])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return rejected


def listed(run: Run, *arguments: str) -> list[dict[str, Any]]:
    """Return what the list says as JSON."""
    code, out, _ = run("list", "--json", *arguments)
    assert code == 0
    documents: list[dict[str, Any]] = json.loads(out)
    return documents


def identity_mismatch(system: System, envelope_id: str = "stray-1") -> str:
    """Make a job of one client, post an event of it that names another, and return that."""
    system.write([text(job_update(envelope_id="first"))])
    stray = text(job_update(client_id="client-2", envelope_id=envelope_id))
    system.write([stray])
    return stray


def forget_job(system: System) -> None:
    """Take the job away that made an event a stranger, with its log."""
    system.dynamodb.delete_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})
    for item in system.items(NAMES.entries):
        key: Any = {"pk": item["pk"], "sk": item["sk"]}
        system.dynamodb.delete_item(TableName=NAMES.entries, Key=key)


def test_list_tells_what_is_wrong(system: System, run: Run) -> None:
    """Each rejected event has its id, time, reason and message, as a table or as JSON."""
    system.write([BAD, WORSE])
    documents = listed(run)
    assert {one["reason"] for one in documents} == {"invalid_field", "bad_json"}
    assert {one["raw"] for one in documents} == {BAD, WORSE}
    assert {one["status"] for one in documents} == {"open"}
    code, table, _ = run("list")
    assert code == 0
    for one in documents:
        (line,) = [row for row in table.splitlines() if one["rejection_id"] in row]
        assert one["reason"] in line
        assert one["message"] in line


def test_list_filters_and_limits(system: System, run: Run) -> None:
    """Reason, age and number narrow the list."""
    system.write([BAD, WORSE])
    assert [one["raw"] for one in listed(run, "--reason", "bad_json")] == [WORSE]
    code, output, notes = run("list", "--json", "--limit", "1")
    assert (code, len(json.loads(output))) == (0, 1)
    assert notes == "These are the newest 1; there are more: --limit lists them, too.\n"
    assert len(listed(run, "--limit", "2")) == 2
    assert len(listed(run, "--since", "1h")) == 2
    assert listed(run, "--since", "2999-01-01") == []


def test_an_empty_list_says_so(run: Run) -> None:
    """Silence would leave one wondering."""
    assert run("list") == (0, "", "No rejected events.\n")


def test_show_gives_the_event_as_it_came(system: System, run: Run) -> None:
    """The text is there to the letter, below the reason."""
    system.write([BAD])
    (document,) = listed(run)
    code, out, _ = run("show", document["rejection_id"])
    assert code == 0
    assert out.endswith(f"\n\n{BAD}\n")
    assert "reason: invalid_field\n" in out
    code, out, _ = run("show", "--json", document["rejection_id"])
    assert json.loads(out) == document


def test_replay_sends_the_very_event(system: System, run: Run) -> None:
    """The writer gets the same text, so the event keeps its id, and then counts."""
    stray = identity_mismatch(system)
    forget_job(system)
    (document,) = listed(run)
    code, out, _ = run("replay", document["rejection_id"])
    assert (code, "Sent 1 " in out) == (0, True)
    (sent,) = system.drain()
    assert sent == stray
    system.write([sent])
    ids = [one.event_id for item in system.items(NAMES.entries) for one in entries_of(item)]
    assert "stray-1" in ids
    assert listed(run) == []
    assert [one["raw"] for one in listed(run, "--status", "replayed")] == [stray]


def test_what_is_rejected_again_is_listed_again(system: System, run: Run) -> None:
    """A replay that helped nothing leaves the event where it was, however often."""
    system.write([BAD])
    for _ in range(2):
        run("replay", "--all")
        assert listed(run) == []
        system.write(system.drain())
        assert [one["raw"] for one in listed(run)] == [BAD]


def test_a_writer_faster_than_the_second_mark_wins(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that is rejected again while the command still works on it stays open."""
    system.write([BAD])
    send = system.sqs.send_message

    class Impatient:
        """A queue whose consumer is done before the sender hears of it."""

        def send_message(self, **request: Any) -> Any:
            answer = send(**request)
            system.write(system.drain())
            return answer

    monkeypatch.setattr(Target, "sqs", Impatient())
    assert run("replay", "--all")[0] == 0
    assert [one["status"] for one in listed(run)] == ["open"]


def test_a_replay_that_is_cut_off_can_be_done_again(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was marked and not sent is listed, and goes out the next time."""

    class Deaf:
        """A queue that takes nothing."""

        def send_message(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "Busy", "Message": "not now"}}, "SendMessage")

    system.write([BAD])
    with monkeypatch.context() as patch:
        patch.setattr(Target, "sqs", Deaf())
        code, _, complaint = run("replay", "--all")
    assert (code, "AWS refused SendMessage: not now" in complaint) == (2, True)
    assert [one["status"] for one in listed(run)] == ["replaying"]
    assert run("replay", "--all")[0] == 0
    assert system.drain() == [BAD]
    assert listed(run) == []


def test_replay_all_takes_one_reason_alone(system: System, run: Run) -> None:
    """--reason narrows --all; the others stay open."""
    system.write([BAD, WORSE])
    run("replay", "--all", "--reason", "bad_json")
    assert system.drain() == [WORSE]
    assert [one["raw"] for one in listed(run)] == [BAD]


def test_replaying_twice_changes_no_total(system: System, run: Run) -> None:
    """The second replay of an event that was accepted is a repeat."""
    identity_mismatch(system)
    forget_job(system)
    (document,) = listed(run)
    run("replay", document["rejection_id"])
    system.write(system.drain())
    before = without(system.contents(), NAMES.rejections)
    run("replay", document["rejection_id"])
    assert system.write(system.drain()).duplicates == 1
    assert without(system.contents(), NAMES.rejections) == before


def test_discarded_events_are_kept_but_not_listed(system: System, run: Run) -> None:
    """Nothing is lost silently: they can be seen, and even replayed."""
    system.write([BAD])
    (document,) = listed(run)
    assert run("discard", document["rejection_id"])[0] == 0
    assert listed(run) == []
    run("replay", "--all")
    assert system.drain() == []
    (discarded,) = listed(run, "--status", "discarded")
    assert discarded["raw"] == BAD
    run("replay", document["rejection_id"])
    assert system.drain() == [BAD]


def test_a_cut_event_is_not_replayed(system: System, run: Run) -> None:
    """Half an event is another event; the archive has the whole."""
    system.write([text(job_update(note="x" * 100_000))])
    (document,) = listed(run)
    code, _, complaint = run("replay", document["rejection_id"])
    assert (code, "archive" in complaint) == (2, True)
    code, _, complaint = run("replay", "--all")
    assert (code, document["rejection_id"] in complaint) == (0, True)
    assert system.drain() == []
    assert [one["status"] for one in listed(run)] == ["open"]


@pytest.mark.parametrize("action", ["show", "replay", "discard"])
def test_an_unknown_id_is_one_sentence(run: Run, action: str) -> None:
    """A mistyped id changes nothing and says so."""
    code, out, complaint = run(action, "no-such-id")
    assert (code, out) == (2, "")
    assert complaint.startswith(f"run-ledger rejected {action}: there is no rejected event no-such")
    assert complaint.count("\n") == 1


def test_one_unknown_id_of_several_stops_before_anything_is_done(system: System, run: Run) -> None:
    """All ids are looked up first."""
    system.write([BAD])
    (document,) = listed(run)
    assert run("replay", document["rejection_id"], "no-such-id")[0] == 2
    assert system.drain() == []
    assert [one["status"] for one in listed(run)] == ["open"]


@pytest.mark.parametrize(
    "arguments", [("replay",), ("replay", "x", "--all"), ("replay", "x", "--reason", "bad_json")]
)
def test_ids_or_all(run: Run, arguments: tuple[str, ...]) -> None:
    """What to replay has to be said, and in one way."""
    assert run(*arguments)[0] == 2


def act(**more: Any) -> str:
    """Return the text of an act on an incident, as the bus hands it on, with *more*."""
    outer = {"id": "bus-1", "detail-type": "incident_update", "source": "run-ledger/act/client-1"}
    detail = {"incident_id": "i-1", "client_id": "client-1", "act": "acknowledge", **more}
    return json.dumps({**outer, "time": "2026-11-22T14:15:00Z", "detail": detail})


def test_an_act_goes_back_to_the_acts(system: System, run: Run) -> None:
    """And what the writer has rejected to the writer, whichever way they are named."""
    url = system.sqs.create_queue(QueueName="run-ledger-test-acts")["QueueUrl"]
    system.outputs["ActsQueueUrl"] = url
    # As the teller does, the writer keeps what is rejected as it came.
    odd = '{"detail-type": "incident_update"'
    system.write([act(), BAD, odd])
    code, out, _ = run("replay", "--all")
    assert (code, out.startswith("Sent 3 rejected events again")) == (0, True)
    assert system.drain(url) == [act()]
    assert sorted(system.drain()) == sorted([BAD, odd])


def test_a_stage_that_takes_no_acts_says_so(system: System, run: Run) -> None:
    """Nothing is sent, and all is listed as before: the writer would only reject it again."""
    system.write([act(), BAD])
    code, _, err = run("replay", "--all")
    assert (code, "Telling=true" in err) == (2, True)
    assert system.drain() == []
    assert {one["status"] for one in listed(run)} == {"open"}
    assert run("replay", "--all", "--reason", "invalid_field")[0] == 0
    assert system.drain() == [BAD]
