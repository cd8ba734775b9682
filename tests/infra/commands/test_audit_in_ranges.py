"""`run-ledger audit --progress FILE`: page by page, to go on with, and in the memory of a page."""

from __future__ import annotations

import gc
import json
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import job_update, text
from tests.support.readers.reading import Serial
from tests.support.recounts import audits as ledgers
from tests.support.recounts import falsehoods
from tests.support.recounts.audits import BOOKS, DAY, TTL_DAYS, rows
from tests.support.recounts.planted_faults import pack_all
from tests.support.recounts.recount import recount_rollups
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain import instants
from run_ledger.domain.state.packed_rows import daily_row
from run_ledger.domain.state.rollups import Row
from run_ledger.store.audit.auditor import Manner
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.reading import Reading
from run_ledger_ops import command
from run_ledger_ops.checks import audit_ranges
from run_ledger_ops.checks.audit_file import AuditFile
from run_ledger_ops.checks.audit_ranges import RangedAudit
from run_ledger_ops.checks.audits import audit_in_ranges, reach_of
from run_ledger_ops.console import terminal
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target

Run = Callable[..., tuple[int, str, str]]
NOW = instants.parse("2026-11-22T15:00:00Z")
PACKED = daily_row("client#client-1#2026-11-22", "default")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with `BOOKS` in it, on the day of these."""
    monkeypatch.setattr(terminal, "clock", lambda: NOW)
    with deployed_system(monkeypatch) as deployed:
        deployed.write([text(one) for one in BOOKS])
        yield deployed


@pytest.fixture
def run(system: System, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Give a way to run the command with a progress file; it returns code and what was printed."""

    def audit(*arguments: str, file: str = "progress") -> tuple[int, str, str]:
        words = ["audit", "--progress", str(tmp_path / file), *arguments, "--stage", STAGE]
        code = command.main(words)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return audit


def lost_row(client: Any) -> None:
    """Delete all shards of a row."""
    for item in client.scan(TableName=NAMES.rollups)["Items"]:
        if item["pk"]["S"] == "all" and item["sk"]["S"].startswith("2026-11-22#"):
            client.delete_item(
                TableName=NAMES.rollups, Key={name: item[name] for name in ("pk", "sk")}
            )


def wrong_when_packed(client: Any) -> None:
    """Let all be packed, long after it was posted, and change what a packed row counts."""
    pack_all(client, instants.parse("2100-01-01T01:00:00Z"))
    falsehoods.in_packed_row(PACKED, "created", 1)(client)


def test_true_books(run: Run) -> None:
    """It judges as much as an audit in memory, and finds no difference."""
    number = len(recount_rollups(BOOKS))
    words = f"Compared 4 jobs and projects, and {number} rollups: no difference.\n"
    assert run() == (0, words, "")


@pytest.mark.parametrize(
    "falsify",
    [
        falsehoods.in_item(NAMES.jobs, "job-1", c_pages=9),
        falsehoods.in_row("all", "2026-11-22", created=1),
        lost_row,
        falsehoods.without_item(NAMES.jobs, job_id="job-3"),
        falsehoods.copy_of_job("job-9"),
        falsehoods.in_row("client#client-1#2026-11-22", "10", records_ok=-4),
        wrong_when_packed,
    ],
)
def test_what_is_wrong_is_found_and_mended(system: System, run: Run, falsify: Any) -> None:
    """An item, a row, a lost item, one of which there are no entries: the same as in memory."""
    falsify(system.dynamodb)
    vouched = ("--reach", "90")
    code, out, _ = run(*vouched, file="first")
    assert code == 1
    assert "0 mended.\n" in out
    before = system.contents()
    assert run(*vouched, file="second")[:2] == (code, out)
    assert system.contents() == before

    code, out, _ = run("--repair", *vouched, file="third")
    assert (code, "; mended\n" in out) == (0, True)
    assert rows(system.dynamodb) == recount_rollups(BOOKS)
    assert run(file="fourth")[0] == 0
    assert command.main(["audit", "--stage", STAGE]) == 0


def test_folded_own_counters_are_no_difference(system: System, run: Run) -> None:
    """Where more names were invented than a row keeps apart, it adds up as readers do."""
    inventions = [
        job_update(
            job_id=f"inventive-{number % 5}",
            event_id=f"inventive-{number}",
            occurred_at="2026-11-22T10:00:00Z",
            delta={f"sku_{number:02}_{one:02}": number + one - 9 for one in range(24)},
        )
        for number in range(20)
    ]
    for one in reversed(inventions):
        system.write([text(one)])
    assert run()[:2] == (0, run(file="again")[1])
    falsehoods.in_row("client#client-1#2026-11-22", "10#default", c_sku_00_03=5, c_zzz=3)(
        system.dynamodb
    )
    code, out, _ = run("--repair", file="repair")
    assert code == 0
    row = ("client#client-1#2026-11-22", "10#default")
    other = recount_rollups([*BOOKS, *inventions])[row]["c_other_counters"]
    wrong = (f"c_other_counters: stored {other + 3}", other), ("c_sku_00_03: stored -1", -6)
    assert sorted(out.splitlines()[:-1]) == [
        f"row {' '.join(row)}, {stored}, from the entries {true}; mended" for stored, true in wrong
    ]
    assert run(file="after")[0] == 0
    assert command.main(["audit", "--stage", STAGE]) == 0


def test_sums_are_exact_however_large(tmp_path: Path) -> None:
    """The largest deltas, often enough, are more than an integer of SQLite holds."""
    row = Row("all", "2026-11-22")
    with AuditFile(tmp_path / "file") as file:
        for number in range(5):
            file.add(row, {"c_cost_microusd": 2**62 + number, "c_pages": -(2**64)}, mark=number)
        (figures,) = file.rows()
    assert figures.recounted == {"c_cost_microusd": 5 * 2**62 + 10, "c_pages": -5 * 2**64}


def test_it_goes_on_after_any_interruption(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut off at the end of each page, it comes to the same end, and mends nothing twice.

    What a page had mended when it was cut off is right when it is looked at again, so not listed.
    """
    falsehoods.in_item(NAMES.jobs, "job-1", c_pages=9)(system.dynamodb)
    falsehoods.in_row("all", "2026-11-22", created=1)(system.dynamodb)
    monkeypatch.setattr(audit_ranges, "_NAMES_A_PAGE", 1)
    monkeypatch.setattr(audit_ranges, "_KEYS_A_PAGE", 2)
    monkeypatch.setattr(audit_ranges, "_SHARDS_A_PAGE", 7)
    commit, pages = AuditFile.commit, count()

    def cut_off(file: AuditFile) -> None:
        """Keep a page the second time alone: the first, all that it did is forgotten."""
        if next(pages) % 2 == 0:
            raise OpsError("cut off")
        commit(file)

    monkeypatch.setattr(AuditFile, "commit", cut_off)
    cuts = 0
    while (found := run("--repair"))[0] == 2:
        assert "Not at the end yet" in found[2]
        cuts += 1
    code, out, _ = found
    assert cuts > 10
    assert code == 0
    assert "row all 2026-11-22, created: stored 4, from the entries 3; mended\n" in out
    assert "Compared 4 jobs and projects" in out
    assert rows(system.dynamodb) == recount_rollups(BOOKS)
    monkeypatch.setattr(AuditFile, "commit", commit)
    assert run(file="again")[:2] == (0, out.splitlines()[-1].split(":")[0] + ": no difference.\n")


def test_a_row_that_changes_meanwhile_is_judged_in_the_next_pass(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event that comes while the jobs are read is no difference, and mends nothing wrongly."""
    judge = RangedAudit._judge_listed
    more = iter(range(100))

    def meanwhile(audit: RangedAudit, kind: Any, after: Any) -> Any:
        answer = judge(audit, kind, after)
        if kind == "job" and audit._pass == 1:
            at = f"2026-11-22T12:30:0{next(more)}Z"
            system.write([text(job_update(job_id="job-7", event_id=at, occurred_at=at))])
        return answer

    monkeypatch.setattr(RangedAudit, "_judge_listed", meanwhile)
    code, out, _ = run("--repair")
    assert (code, "no difference" in out) == (0, True)


def test_what_changes_in_every_pass_is_not_decided(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, and is no difference."""
    judge = RangedAudit._judge_listed
    more = iter(range(100))

    def meanwhile(audit: RangedAudit, kind: Any, after: Any) -> Any:
        at = f"2026-11-22T12:30:{next(more):02}Z"
        event = job_update(job_id="job-3", client_id="client-2", project_id="project-2")
        event["detail"] |= {"event_id": at, "occurred_at": at, "delta": {"records_ok": 1}}
        system.write([text(event)])
        return judge(audit, kind, after)

    monkeypatch.setattr(RangedAudit, "_judge_listed", meanwhile)
    code, out, warning = run("--repair")
    assert (code, "no difference" in out) == (0, True)
    assert "not compared, as they changed all the time: " in warning
    assert "all 2026-11-22" in warning


def test_an_unreadable_entry_leaves_its_clients_rows_undecided(system: System, run: Run) -> None:
    """What it counts nobody knows; rows of other clients are judged."""
    falsehoods.with_unreadable_entry("job-3@10:30:00")(system.dynamodb)
    falsehoods.in_row("client#client-2#2026-11-22", "10", records_ok=1)(system.dynamodb)
    falsehoods.in_row("client#client-1#2026-11-22", "10", records_ok=1)(system.dynamodb)
    code, out, _ = run("--json")
    assert code == 1
    found = json.loads(out)
    assert [one["key"] for one in found["drifts"]] == ["client#client-1#2026-11-22 10"]
    assert "client#client-2#2026-11-22 10" in found["undecided"]
    assert found["unreadable_entries"] == ["job job-3, entry row 1"]


@pytest.mark.parametrize("damage", ["lost", "unreadable"])
def test_totals_stay_of_a_job_without_its_first_entry(
    system: System, run: Run, damage: str
) -> None:
    """Its item is lost or can't be read: what it counts for is not taken away, as in memory."""
    falsify: falsehoods.Falsify = {
        "lost": falsehoods.without_item(NAMES.jobs, job_id="job-9"),
        "unreadable": falsehoods.in_item(NAMES.jobs, "job-9", at="?"),
    }[damage]
    for number in range(3):
        one = ledgers.said("job-9", f"10:30:0{number}", delta={"records_ok": 1})
        system.write([text(one)])
    before = rows(system.dynamodb)
    falsehoods.without_entry("job-9@10:30:00")(system.dynamodb)
    falsify(system.dynamodb)
    code, _, warning = run("--repair")
    assert code == 0
    assert rows(system.dynamodb) == before
    assert ("not compared, as entries are gone" in warning) is True


def test_another_question_needs_another_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is not gone on with that is of an audit with other options, or of other tables."""
    run()
    code, _, complaint = run("--repair")
    assert (code, "of an audit with other options" in complaint) == (2, True)
    assert run("--from", "2026-11-22")[0] == 2
    assert run("--reach", "90")[0] == 2
    assert run("--reach", "90", file="vouched")[0] == 0
    assert run("--reach", "30", file="vouched")[0] == 2
    assert run(file="vouched")[0] == 2
    tables = NAMES._replace(jobs="run-ledger-other-jobs")
    monkeypatch.setattr(Target, "tables", property(lambda _: tables))
    code, _, complaint = run()
    assert (code, "of an audit with other options" in complaint) == (2, True)
    assert run("--client", "client-1", file="new")[0] == 2
    (tmp_path / "text").write_text("no database" * 100)
    assert run(file="text")[0] == 2
    with sqlite3.connect(tmp_path / "foreign") as other:
        other.execute("CREATE TABLE t (a)")
    other.close()
    code, _, complaint = run(file="foreign")
    assert (code, "no progress file" in complaint) == (2, True)


def test_days_narrow_the_rows(system: System, run: Run) -> None:
    """With --from and --to, rows of other days are left alone; all jobs are compared."""
    falsehoods.in_row("all", "2026-11-22", created=1)(system.dynamodb)
    assert run("--from", "2026-11-23", file="later")[0] == 0
    assert run("--from", "2026-11-22", "--to", "2026-11-22", file="then")[0] == 1


@pytest.mark.parametrize("is_cut_off", [False, True])
def test_what_expires_during_an_audit_is_no_difference(tmp_path: Path, *, is_cut_off: bool) -> None:
    """One that takes days, at once or gone on with, takes no true job or count for a false one."""
    taken_in = NOW - 89 * DAY + DAY // 2
    events = [
        job_update(
            job_id="job-1",
            event_id=f"e{number}",
            occurred_at=instants.text(instants.Instant(taken_in)),
            delta={"records_ok": 1},
        )
        for number in range(3)
    ]
    manner = Manner(repair=True, pause=lambda _: None)
    with empty_tables() as client, AuditFile(tmp_path / "progress") as file:
        ledgers.post(client, events, at=taken_in)
        before = (client.scan(TableName=NAMES.jobs)["Items"], rows(client))
        reading = Reading(client, NAMES, Serial(), 3_600.0)
        moment = [NOW]
        reach = reach_of(TTL_DAYS, lambda: moment[0])
        pages = audit_in_ranges(reading, file, AuditScope(now=NOW), reach, manner)
        next(pages)
        if is_cut_off:
            pages.close()
            pages = audit_in_ranges(reading, file, AuditScope(now=NOW), reach, manner)
        for item in client.scan(TableName=NAMES.entries)["Items"]:
            key = {name: item[name] for name in ("pk", "sk")}
            client.delete_item(TableName=NAMES.entries, Key=key)
        moment[0] = instants.Instant(NOW + 2 * DAY)
        for _ in pages:
            pass
        assert list(file.findings("mended")) == []
        assert list(file.findings("beyond")) == ["job job-1"]
        assert (client.scan(TableName=NAMES.jobs)["Items"], rows(client)) == before


def test_memory_does_not_grow_with_the_jobs(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four times the jobs take no more memory at once, but for a tenth; the file grows instead.

    moto holds its tables in this process, so only what the audit's own pages leave is counted; what
    other tests have begun and is done meanwhile falls into some page. So of full pages the one that
    took least speaks for what a page takes, and the median for what a page leaves.
    """
    a_page = 20
    peaks: list[int] = []
    go_on = RangedAudit._judge_items

    def measured(audit: RangedAudit, names: Any) -> int:
        gc.collect()  # else it is chance when what is left of other tests goes
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        number = go_on(audit, names)
        _, peak = tracemalloc.get_traced_memory()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        if len(names) == a_page:
            peaks.append(peak - before)
            left.append(after - before)
        return number

    left: list[int] = []
    monkeypatch.setattr(RangedAudit, "_judge_items", measured)
    monkeypatch.setattr(audit_ranges, "_NAMES_A_PAGE", a_page)
    results = {}
    for jobs in (40, 160):
        fill(system, jobs)
        peaks.clear()
        left.clear()
        tracemalloc.start()
        assert run(file=f"jobs-{jobs}")[0] == 0
        tracemalloc.stop()
        results[jobs] = (min(peaks), len(left) * median(left))
        assert len(peaks) == jobs / a_page
    assert results[160][0] < 1.3 * results[40][0]
    assert results[160][1] < results[40][0]


def fill(system: System, jobs: int) -> None:
    """Post so many jobs, each with an event."""
    for first in range(0, jobs, 40):
        system.write(
            [
                text(
                    job_update(
                        job_id=f"many-{n}",
                        event_id=f"many-{n}",
                        occurred_at=f"2026-11-{1 + n % 20:02}T10:00:00Z",
                        status="running",
                        delta={"records_ok": n},
                    )
                )
                for n in range(first, first + 40)
            ]
        )
