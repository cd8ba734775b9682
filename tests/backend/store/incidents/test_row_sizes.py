"""The row of an incident fits into an item, whatever people and producers write."""

from __future__ import annotations

import pytest
from tests.support.dynamo.item_sizes import item_bytes

from run_ledger.domain.incidents.alert_rules import IncidentScope
from run_ledger.domain.incidents.causes import (
    INCIDENT_CHANGED,
    CauseKey,
    Incident,
    IncidentNotice,
)
from run_ledger.domain.incidents.incident_acts import (
    Acknowledgement,
    Answers,
    IncidentAct,
    Mute,
)
from run_ledger.domain.incidents.incident_rows import MOST_TURNS, IncidentRow, row_after
from run_ledger.domain.instants import Instant
from run_ledger.store.incidents.row_items import row_item

SCOPE = IncidentScope("a" * 128, "p" * 128, "q" * 128, "ended")
MOST_BYTES = 400 * 1024


@pytest.mark.parametrize("letter", ["a", "ß", "語", "🦆"])
def test_a_row_takes_any_number_of_acts(letter: str) -> None:
    """Of the longest words that the contract takes, in letters of one to four bytes."""
    row: IncidentRow | None = None
    for number in range(1, MOST_TURNS + 50):
        incident = Incident("i" * 32, Instant(1), Instant(1), told=number)
        act = IncidentAct(
            f"{number:08}" + letter * 120,
            "note",
            Instant(number),
            letter * 128,
            letter * 256,
            letter * 1_024,
            Instant(10**15),
        )
        notice = IncidentNotice(
            f"{number}",
            INCIDENT_CHANGED,
            incident,
            1,
            "j" * 128,
            (letter * 128, letter * 1_024),
            number,
            Instant(number),
            "noted",
            act,
            answers=Answers(
                "i" * 32,
                Acknowledgement(Instant(1), letter * 128, letter * 256),
                Mute(Instant(1), letter * 128, is_on=True, until=None, jobs=1),
            ),
        )
        row = row_after(row, SCOPE, CauseKey("failed", letter * 128), notice)
    assert row is not None
    assert item_bytes(row_item(row, 90)) < MOST_BYTES
