"""The ledger that lists are measured with answers as the stand-in does over the same items."""

from __future__ import annotations

from typing import Any

import pytest
from tests.benchmarks.reader.generated_jobs import NOW, GeneratedJobs
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.tables import NAMES
from tests.support.readers import ledgers
from tests.support.readers.reading import House

JOBS = 700


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"client_id": "client-7"},
        {"result": "failed"},
        {"client_id": "client-7", "result": "failed"},
        {"to": "2026-11-21T22:50:00Z"},
    ],
    ids=str,
)
def test_pages_are_those_of_the_stand_in(*, sparse: bool, parameters: dict[str, str]) -> None:
    """Every page is the same to the last byte, so what it costs is that of a real ledger."""
    generated = GeneratedJobs(JOBS, sparse)
    querying = Querying(ledgers.empty_store())
    for number in range(JOBS):
        querying.put_item(TableName=NAMES.jobs, Item=generated.item(number))
    for row in generated.map_rows():
        querying.put_item(TableName=NAMES.rollups, Item=row)

    pages: list[list[Any]] = [
        [page.body for page in House(client, now=NOW).walk("/jobs", limit=50, **parameters)]  # type: ignore[arg-type]
        for client in (generated, querying)
    ]

    assert pages[0] == pages[1]
    assert pages[0][0].count('"job_id"') > 1
