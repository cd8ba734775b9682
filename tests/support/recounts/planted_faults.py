"""Faults that are planted in a ledger, what the proof makes of each, and the page that shows it.

`python -m tests.support.recounts.planted_faults` plants them all, and writes what came of each into
`docs/promise.json` and `docs/promise.md`. The tests plant them, too, and compare.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.recounts.audits import BOOKS, audit, drifts, post, said
from tests.support.recounts.falsehoods import (
    Falsify,
    copy_of_job,
    in_attempt,
    in_item,
    in_packed_row,
    in_row,
    spoilt_packed_row,
    with_unreadable_entry,
    without_entry,
    without_item,
    without_packed_row,
    without_row,
)
from tests.support.recounts.proofs import SETTLED, proof_reading, run_proof

from run_ledger.domain.instants import DAY, HOUR, Instant, later, parse
from run_ledger.domain.state.packed_rows import daily_row, hourly_row
from run_ledger.store.compacting.compaction_walk import compact_rows
from run_ledger.store.proof.frontier import all_differing

ROOT = Path(__file__).resolve().parents[3]
RECORD = ROOT / "docs" / "promise.json"
PAGE = ROOT / "docs" / "promise.md"
TODAY = "2026-11-22"
PACKED_FROM = parse("2026-11-23T01:00:00Z")
"""From then on all rows of `TODAY` may be merged and packed."""
_WALKS = 9
OF_CLIENT = (f"client#client-1#{TODAY}", "10#default")
OF_PROJECT = f"project#project-1#{TODAY}"
OF_MODELS = (f"models#client-1#{TODAY}", "12#default#project-1")


class Planted(NamedTuple):
    """A fault, and what of it can be mended: nothing where what was lost stands nowhere else.

    Some are planted once the rows of the day were packed.
    """

    falsify: Falsify
    is_mended: bool = True
    is_packed: bool = False


IN_JOBS: dict[str, Planted] = {
    "a counter of a job changed": Planted(in_item(NAMES.jobs, "job-1", c_records_ok=8)),
    "a counter of a job lost": Planted(in_item(NAMES.jobs, "job-1", c_pages=None)),
    "a result changed": Planted(in_attempt(r="succeeded")),
    "the client of a job lost": Planted(in_item(NAMES.jobs, "job-1", client_id=None)),
    "the project of a job lost": Planted(in_item(NAMES.jobs, "job-1", project_id=None)),
    "a job given to another client": Planted(in_item(NAMES.jobs, "job-1", client_id="client-2")),
    "an event counted twice": Planted(in_item(NAMES.jobs, "job-3", n=2)),
    "one of several entries deleted": Planted(without_entry("job-4@12:10:00")),
    "all entries of a job deleted": Planted(without_entry("job-3@10:30:00")),
    "an entry that nobody can read": Planted(
        with_unreadable_entry("job-3@10:30:00"), is_mended=False
    ),
    "a job that never was": Planted(copy_of_job("job-9")),
    "the item of a job lost": Planted(without_item(NAMES.jobs, job_id="job-3")),
}
IN_ROWS: dict[str, Planted] = {
    "a row of a client off by one": Planted(in_row(*OF_CLIENT, created=1)),
    "a row of a client lost": Planted(without_row(*OF_CLIENT)),
    "a sum in a row of a project off": Planted(in_row(OF_PROJECT, "11#client-1", c_records_ok=-1)),
    "counts in a row where no job counts": Planted(in_row(OF_PROJECT, "03#client-1", created=2)),
    "a row by language model off": Planted(in_row(*OF_MODELS, **{"b_tokens_in gpt": 7})),
    "failures of one kind lost": Planted(without_row(f"failures#client-1#{TODAY}", "fp")),
    "the row over all clients off": Planted(in_row("all", TODAY, ended_failed=1)),
    "the map of the days off": Planted(in_row("days", TODAY, now_running=1, shard_1=-1)),
    "the number of a client's jobs off": Planted(in_row("clients", "client-2", now_running=-1)),
    "the number of a client's projects off": Planted(in_row("clients", "client-1", projects=1)),
    "the number of a project's jobs off": Planted(
        in_row("projects#client-1", "project-1", now_failed=1)
    ),
    "a counter of a project changed": Planted(in_item(NAMES.projects, "project-1", c_pages=6)),
}
IN_PACKED_ROWS: dict[str, Planted] = {
    "a day's packed row of a client off by one": Planted(
        in_packed_row(daily_row(OF_CLIENT[0], "default"), "created", 1), is_packed=True
    ),
    "a day's packed row of a client lost": Planted(
        without_packed_row(daily_row(OF_CLIENT[0], "default")), is_packed=True
    ),
    "an hour in a project's packed row off": Planted(
        in_packed_row(hourly_row(OF_PROJECT, "client-1"), "c_records_ok", -1, 11), is_packed=True
    ),
    "the packed hours by language model lost": Planted(
        without_packed_row(hourly_row(OF_MODELS[0], "default#project-1")), is_packed=True
    ),
    "a packed row that nobody can read": Planted(
        spoilt_packed_row(daily_row(OF_PROJECT, "client-1")), is_packed=True
    ),
}
FAULTS = {**IN_JOBS, **IN_ROWS, **IN_PACKED_ROWS}

Outcome = dict[str, Any]
_MOST_NAMED = 3
BESIDE = {
    "tests/backend/store/proof/test_interruptions.py": "While the proof works",
    "tests/backend/store/proof/test_rows_under_load.py": "While events come and repairs are made",
    "tests/end_to_end/test_disasters.py": "While the whole system works",
    "tests/end_to_end/test_exactness.py": "While events come twice, late and in any order",
}
"""Tests that inject faults while something works; each says what must come of it."""


def fill(client: Any) -> None:
    """Post the books into which the faults are planted: jobs and rows of every kind."""
    by_model = {"gpt": {"tokens_in": 5}}
    event = said("job-4", "12:00:00", delta={"tokens_in": 5}, delta_by_model=by_model)
    more = said("job-4", "12:10:00", delta={"records_ok": 1})
    post(client, [*BOOKS, event])
    post(client, [more])


def pack_all(client: Any, now: Instant = PACKED_FROM) -> Instant:
    """Prove what there is, let all be packed from *now* on; return when the next day is over."""
    run_proof(client)
    for _ in range(_WALKS):
        compact_rows(proof_reading(client), now, lambda: False)
        now = later(now, HOUR)
    return later(now, DAY)


def outcome_of(client: Any, planted: Planted) -> Outcome:
    """Plant a fault into the filled ledger, and return what the proof, audit and repair make of it.

    ``found`` names what differs after one run of the proof, ``audit`` what an audit finds beyond or
    instead of that, and ``mended`` says whether nothing differs in the walk after a repair.
    """
    now = pack_all(client) if planted.is_packed else SETTLED
    planted.falsify(client)
    run_proof(client, now)
    found = all_differing(proof_reading(client))
    told = audit(client, is_vouched=True, repair=True)
    audited = {(kind, key) for kind, key, *_ in drifts(told)}
    audited |= {("job", one.split(",")[0].removeprefix("job ")) for one in told.unreadable}
    proved = {(one.kind, one.id) for one in found}
    after = run_proof(client, later(now, HOUR))
    return {
        "found": sorted(f"{one.kind} `{one.id}`: {_attributes(one.differences)}" for one in found),
        "audit": sorted(f"{kind} `{key}`" for kind, key in audited - proved),
        "missed_by_audit": sorted(f"{kind} `{key}`" for kind, key in proved - audited),
        "mended": after.differing == 0,
    }


def _attributes(differences: Sequence[Any]) -> str:
    return ", ".join(f"`{one.attribute}`" for one in differences)


def page_of(record: Mapping[str, Outcome]) -> str:
    """Return the page that shows the *record*, and what other tests expect of their faults."""
    lines = [
        *_PROMISE,
        "",
        "## Faults in what is stored",
        "",
        f"{len(record)} faults were planted, one at a time. Each was found within one run of the",
        "proof; with none planted, nothing was found.",
        "",
        "| fault | what the proof names after one run | what an audit names | a repair mends it |",
        "|---|---|---|---|",
    ]
    for name, one in record.items():
        missed = one["missed_by_audit"]
        audit_names = "nothing" if missed and not one["audit"] else _some(one["audit"])
        same = "the same" if not missed and not one["audit"] else audit_names
        mended = "yes" if one["mended"] else "no"
        lines.append(f"| {name} | {_some(one['found'])} | {same} | {mended} |")
    for file, title in BESIDE.items():
        head = "| what is done to it, and what must come of it |"
        lines += ["", f"## {title}", "", head, "|---|"]
        lines += [f"| {text} |" for text in docstrings_of(ROOT / file)]
        lines += ["", f"(`{file}`)"]
    return "\n".join(lines) + "\n"


def _some(found: Sequence[str]) -> str:
    more = len(found) - _MOST_NAMED
    return "<br>".join(found[:_MOST_NAMED]) + (f"<br>and {more} more" if more > 0 else "")


def docstrings_of(file: Path) -> list[str]:
    """Return the name of each test of a file in words, and the first line of its docstring."""
    found = []
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            text = (ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " ")
            words = node.name.removeprefix("test_").replace("_", " ")
            found.append(f"{words}: {text[:1].lower()}{text[1:]}".replace("|", "/"))
    return found


_PROMISE = """\
# The promise, and how it is tested

Each event counts once: whatever is delivered twice, late or out of order, and whatever crashes in
the middle, each job, each project and each total is what a recount of the stored events gives. The
system proves this of itself, hour after hour ([how](proof.md)): a difference is found within one
run of the proof over what it is in, and none is found where there is none.

This page is written by `python -m tests.support.recounts.planted_faults` from what came of the
faults. The tests plant them again, and compare the page with what they see. So it says what is, or
a test fails. What the proof does not look at stands [there](proof.md#what-it-does-not-cover).
""".splitlines()


def main() -> None:
    """Plant all faults, and write the record and the page."""
    record = {}
    for name, planted in FAULTS.items():
        with empty_tables() as client:
            fill(client)
            record[name] = outcome_of(client, planted)
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    PAGE.write_text(page_of(record))


if __name__ == "__main__":
    main()
