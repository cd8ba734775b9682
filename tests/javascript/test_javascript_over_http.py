"""The JavaScript package and the intake's own code: what the writer gets is what was meant."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.support.events.builders import text
from tests.support.producers.buses import jobs_of
from tests.support.producers.node import run_program, with_package
from tests.support.readers.reporting import ReportingHouse, reporting_house
from tests.support.readers.served_intake import served_intake

from run_ledger.domain.contract.events import decode
from run_ledger.domain.exceptions import InvalidEvent

FOLDER = Path(__file__).resolve().parents[1] / "events"
# What a source alone makes wrong can't be said over HTTP, where nobody names a source.
GOLDEN = [
    path
    for path in sorted(FOLDER.glob("v*/*/*.json"))
    if json.loads(path.read_text("utf-8"))["expected"].get("reason") != "source_mismatch"
]
VALID = [path for path in GOLDEN if path.parent.name == "valid"]
INVALID = [path for path in GOLDEN if path.parent.name == "invalid"]
SEND = """
import { readFileSync } from "node:fs";
import { Intake } from "run-ledger";
const intake = new Intake({ url: process.env.URL, credential: process.env.KEY });
const events = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await intake.send(events)));
"""
JOBS = """
import { RunLedger } from "run-ledger";
const ledger = new RunLedger({ project_id: "catalogue", strict: true });
const fields = { job_id: "nightly", pipeline: "prices", name: "Nightly", tags: { night: "7" } };
await ledger.tracked({ ...fields, attempt: 1 }, (job) => {
  job.add({ cost_microusd: 2n ** 53n });
  job.add({ records_ok: 3, cost_microusd: 2n ** 53n });
  throw new TypeError("no price", { cause: new Error("row 7") });
}).catch(() => {});
await ledger.tracked({ ...fields, attempt: 2, records_total: 2 }, (job) => {
  job.stage("fetch");
  job.add({ cost_microusd: 3, llm_calls: 1 }, { model: "gpt-4o-mini" });
  job.partial("one is left", { type: "Half", fingerprint: "half" });
});
ledger.job({ job_id: "left-to-the-end" }).succeed();
"""


class Sent:
    """What the package made of the golden events: a result each, and what came to the bus."""

    def __init__(self, results: list[dict[str, Any]], house: ReportingHouse) -> None:
        """Keep the results by file, and the entries by event id."""
        self.results = dict(zip(GOLDEN, results, strict=True))
        self.entries = {json.loads(one["Detail"])["event_id"]: one for one in house.bus.entries}


def golden(path: Path) -> dict[str, Any]:
    """Return a golden event, with an id that only this file has where it has one."""
    event: dict[str, Any] = json.loads(path.read_text("utf-8"))["event"]
    if isinstance(event["detail"], dict) and "event_id" in event["detail"]:
        event["detail"]["event_id"] = f"{path.stem}/{event['detail']['event_id']}"
    return event


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    """Send all golden events by one call, right and wrong ones mixed as the files' names are."""
    events = [
        {"detail_type": event["detail-type"], "detail": event["detail"]}
        for event in map(golden, GOLDEN)
    ]
    folder = with_package(tmp_path_factory.mktemp("golden"))
    with reporting_house() as house, served_intake(house) as url:
        key = house.key(staff=True)
        done = run_program(folder, SEND, json.dumps(events), URL=url, KEY=key)
        assert done.returncode == 0, done.stderr
        return Sent(json.loads(done.stdout), house)


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.stem)
def test_a_valid_one_arrives_as_over_the_bus(path: Path, sent: Sent) -> None:
    """With the same update, time and, unless the package had to give an id, the same digest."""
    event, result = golden(path), sent.results[path]
    assert (result["status"], result["error"]) == ("accepted", None)
    alone = decode(text(event))
    entry = sent.entries[result["event_id"]]
    envelope = {**event, "source": entry["Source"], "detail-type": entry["DetailType"]}
    through = decode(text({**envelope, "detail": json.loads(entry["Detail"])}))
    assert (through.kind, through.entity_id) == (alone.kind, alone.entity_id)
    assert through.occurred_at == alone.occurred_at
    assert json.loads(through.detail) == {**event["detail"], "event_id": result["event_id"]}
    if alone.has_own_id:
        assert result["event_id"] == alone.event_id
        assert (through.digest, through.update) == (alone.digest, alone.update)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_one_is_refused_as_the_writer_refuses_it(path: Path, sent: Sent) -> None:
    """For the same reason, with the same field and the same words, told in its place."""
    with pytest.raises(InvalidEvent) as caught:
        decode(text(golden(path)))
    assert sent.results[path]["status"] == "rejected"
    assert sent.results[path]["error"] == {
        "reason": caught.value.reason,
        "field": caught.value.field,
        "message": str(caught.value),
    }


def test_jobs_come_to_what_the_program_reported(tmp_path: Path) -> None:
    """Sums beyond JavaScript's own numbers, attempts, errors; the end of a program sends too."""
    with reporting_house() as house, served_intake(house) as url:
        key = house.key("acme")
        settings = {"INTAKE_URL": url, "REPORT_KEY": key, "CLIENT_ID": "acme"}
        environment = {f"RUN_LEDGER_{name}": value for name, value in settings.items()}
        done = run_program(with_package(tmp_path), JOBS, **environment)
        assert (done.returncode, done.stderr) == (0, "")
        jobs = jobs_of(house.bus.entries)

    job = jobs["nightly"]
    assert (job.client_id, job.project_id, job.pipeline) == ("acme", "catalogue", "prices")
    assert job.counters == {"cost_microusd": 2**54 + 3, "records_ok": 3, "llm_calls": 1}
    assert job.outcome == "partial"
    first, second = job.attempts[1], job.attempts[2]
    assert first.result == "failed"
    assert first.error is not None
    assert second.error is not None
    assert (first.error.type, first.error.message) == (
        "TypeError",
        "no price (caused by Error: row 7)",
    )
    assert (second.error.type, second.error.fingerprint) == ("Half", "half")
    assert job.restarted_at is None
    assert jobs["left-to-the-end"].outcome == "succeeded"


def test_a_caller_reports_for_its_own_clients_alone(tmp_path: Path) -> None:
    """The program goes on, and is told why nothing of it is in the ledger."""
    source = """
        import { RunLedger } from "run-ledger";
        const ledger = new RunLedger({ client_id: "globex", project_id: "p" });
        await ledger.tracked({}, () => console.log("worked"));
        console.log(JSON.stringify(ledger.stats()));
    """
    with reporting_house() as house, served_intake(house) as url:
        environment = {"RUN_LEDGER_INTAKE_URL": url, "RUN_LEDGER_REPORT_KEY": house.key("acme")}
        done = run_program(with_package(tmp_path), source, **environment)
        assert house.bus.entries == []

    worked, stats = done.stdout.splitlines()
    assert worked == "worked"
    assert json.loads(stats) == {"accepted": 0, "rejected": 2, "lost": 0, "waiting": 0}
    assert "detail.client_id: got " in done.stderr


def test_the_examples_of_its_page_report(tmp_path: Path) -> None:
    """Each of them runs as it stands there, with the two settings that the page names."""
    page = (Path(__file__).resolve().parents[2] / "docs/javascript/README.md").read_text("utf-8")
    examples = re.findall(r"```js\n(.*?)```", page, re.DOTALL)
    folder = with_package(tmp_path)
    with reporting_house() as house, served_intake(house) as url:
        environment = {"RUN_LEDGER_INTAKE_URL": url, "RUN_LEDGER_REPORT_KEY": house.key("acme")}
        printed = []
        for source in examples:
            done = run_program(folder, source, **environment)
            assert (done.returncode, done.stderr) == (0, "")
            printed.append(done.stdout)
        entries = house.bus.entries
    *of_jobs, project = entries
    jobs = jobs_of(of_jobs)

    assert printed == ["", "", "accepted null\n"]
    assert json.loads(project["Detail"])["due_at"] == "2026-12-01T00:00:00Z"
    first, second = jobs.values()
    assert (first.outcome, first.counters) == ("succeeded", {"records_ok": 3})
    assert (second.outcome, second.counters["cost_microusd"]) == ("partial", 450)
    assert {*second.attempts} == {2}
