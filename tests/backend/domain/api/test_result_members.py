"""Every result has its members in the documents that count results."""

from __future__ import annotations

import pytest
from msgspec import Struct

from run_ledger.domain.api.clients_projects import JobTotalsDocument
from run_ledger.domain.api.ends import AttemptFiguresDocument
from run_ledger.domain.api.overview import CountsDocument, FiguresDocument
from run_ledger.domain.api.trends import PointDocument
from run_ledger.domain.contract.vocabulary import FAILURES, OUTCOMES, RESULTS


@pytest.mark.parametrize(
    ("document", "members"),
    [
        (JobTotalsDocument, ["total", *OUTCOMES]),
        (PointDocument, ["created", "started", "ended", *RESULTS]),
        (AttemptFiguresDocument, ["started", "ended", *RESULTS]),
        (CountsDocument, ["created", "started", "ended", "partial", *FAILURES]),
        (FiguresDocument, ["created", "ended", *RESULTS]),
    ],
)
def test_documents_count_every_result(document: type[Struct], members: list[str]) -> None:
    """A result that the contract gains is missing here until the document has a member for it."""
    assert set(members) <= {*document.__struct_fields__}
