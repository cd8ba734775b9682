"""Every planted fault is found within one run, and the public page says what came of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.support.dynamo.tables import empty_tables
from tests.support.recounts.planted_faults import (
    FAULTS,
    PAGE,
    RECORD,
    Outcome,
    fill,
    outcome_of,
    page_of,
)
from tests.support.recounts.proofs import differing, run_proof

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def books() -> Iterator[DynamoDBClient]:
    """Give a ledger with jobs and rows of every kind."""
    with empty_tables() as client:
        fill(client)
        yield client


def recorded() -> dict[str, Outcome]:
    """Return what came of each fault when the page was written."""
    record: dict[str, Outcome] = json.loads(RECORD.read_text())
    return record


@pytest.mark.parametrize("name", FAULTS)
def test_what_comes_of_a_fault_is_what_the_page_says(books: DynamoDBClient, name: str) -> None:
    """It is found within one run; a repair mends all but what nobody can read."""
    outcome = outcome_of(books, FAULTS[name])

    assert outcome["found"]
    assert outcome["mended"] == FAULTS[name].is_mended
    assert outcome == recorded()[name]


def test_without_a_fault_nothing_is_found(books: DynamoDBClient) -> None:
    """As the page says."""
    assert run_proof(books).found == []
    assert {**differing(books), **differing(books, "row")} == {}


def test_the_page_is_what_the_record_gives() -> None:
    """And the record has each fault, and no other."""
    record = recorded()

    assert list(record) == list(FAULTS)
    assert PAGE.read_text() == page_of(record)
