"""What differs from its entries is an incident for staff, until it is mended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.backend.store.incidents.test_teller import Stage, begun_stage

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.drift import MOST_TOLD_APART, Drifting
from run_ledger.domain.instants import Instant
from run_ledger.store.proof.drift_reads import drifting_of
from run_ledger.store.proof.frontier import OF_ALL, Differing, WrongValue

JOB = Drifting("job-1", "The job job-1 of acme is not what its entries give")
ROW = Drifting("row all 2026-11-18", "The row is not")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Give a stage whose teller the handler finds."""
    with begun_stage() as made:
        yield made


def test_drift_is_told_once_and_closed_when_it_is_mended(stage: Stage) -> None:
    """Each thing is an incident of its own, that names it and says what differs."""
    differing = [JOB, ROW]
    stage.teller.read_drifting = lambda: differing
    for _ in range(3):
        stage.sweep(60)

    assert stage.kinds == ["opened", "opened"]
    by_name = {detail["last_job_id"]: detail for _, detail in stage.told}
    assert by_name.keys() == {JOB.name, ROW.name}
    told = by_name["job-1"]
    assert (told["client_id"], told["pipeline"], told["what"]) == ("*", "proof", "differs")
    assert told["error"] == {"type": "differs", "message": JOB.says}

    differing = [ROW]
    stage.sweep(60)
    stage.sweep(60)
    assert stage.kinds == ["opened", "opened", "closed"]
    assert stage.told[-1][1]["incident_id"] == told["incident_id"]

    differing = [JOB, ROW]
    stage.sweep(60)
    assert stage.kinds[3:] == ["opened"]
    assert stage.told[-1][1]["incident_id"] != told["incident_id"]


def test_many_things_are_no_flood(stage: Stage) -> None:
    """Twenty are told apart, and one more stands for all others."""
    stage.teller.read_drifting = lambda: [Drifting(f"job-{n:04}", "differs") for n in range(500)]

    stage.sweep(60)
    stage.sweep(60)

    assert len(stage.told) == MOST_TOLD_APART + 1


def test_a_proof_that_can_not_be_read_keeps_nobody_from_hearing_of_failures(stage: Stage) -> None:
    """Nothing is opened or closed by it, and the next look tells."""
    stage.teller.read_drifting = lambda: [JOB]
    stage.sweep(60)

    def refused() -> list[Drifting]:
        raise StoreUnavailable("slow down")

    stage.teller.read_drifting = refused
    stage.sweep(60)
    assert stage.kinds == ["opened"]
    stage.teller.read_drifting = list
    stage.sweep(60)
    assert stage.kinds == ["opened", "closed"]


def test_the_words_of_a_difference() -> None:
    """They name what it is, whose, and the first values; texts are not among them."""
    wrong = [WrongValue("c_pages", 7, 8), WrongValue("at.1.r"), WrongValue("n", 2, 1)]
    job = Differing("acme", "job", "job-1", Instant(0), [*wrong, WrongValue("ck")])
    row = Differing(OF_ALL, "row", "all 2026-11-18", Instant(0), wrong[:1])

    assert drifting_of(job) == Drifting(
        "job-1",
        "The job job-1 of acme is not what its entries give: c_pages is 7, and they give 8; "
        "at.1.r; n is 2, and they give 1; and 1 more",
    )
    assert drifting_of(row).name == "row all 2026-11-18"
    assert drifting_of(row).says.startswith("The row all 2026-11-18 is not what its entries give")
