"""The line that says how far the figures are proved: recounted from their events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.problems import ApiProblem
from dashboard_app.context import PageContext

# A job settles in an hour, and runs come every quarter of an hour; later than this is late.
_LATE = timedelta(hours=3)
# On a busy day, totals are recounted once it is over.
_TOTALS_LATE = timedelta(hours=30)
# The API counts no more differences than this.
_MOST_COUNTED = 1_000
# Where no job is old enough, "0 differences" would be no news.
_NOTHING_YET = "Nothing is proved yet: a job is proved an hour after its last event."


def proof_line(here: PageContext) -> None:
    """Show how far the figures of the chosen clients are proved, or that this is not known."""
    try:
        proof = here.api.get(api_requests.proof(here.client_id))
    except ApiProblem as error:
        st.caption(f":material/cloud_off: {error.title}: how far figures are proved is not known.")
        return
    st.caption(proof_words(proof, datetime.now(UTC), here.zone))


def proof_words(proof: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> str:
    """Return in one sentence until when jobs were recounted, and how many things differ."""
    if proof["proved_to"] is None:
        return ":material/pending: These figures are not proved yet."
    to = datetime.fromisoformat(proof["proved_to"])
    is_late, found = now - to > _LATE, proof["differences"]
    at_least = "" if found < _MOST_COUNTED else "at least "
    behind = f", {(now - to) // timedelta(hours=1)} h behind" if is_late else ""
    text = (
        f"Proved{' only' if is_late else ''} to {words.moment(to, zone)}{behind}: "
        f"{at_least}{found:,} difference{'' if found == 1 else 's'} in {proof['judged']:,} "
        f"job{'' if proof['judged'] == 1 else 's'}"
    )
    rows = proof["rows_proved_to"] and datetime.fromisoformat(proof["rows_proved_to"])
    is_short = rows is not None and now - rows > _TOTALS_LATE
    if not (proof["judged"] or found or is_late or is_short):
        return f":material/pending: {_NOTHING_YET}"
    text += f"; totals only to {words.moment(rows, zone)}" if is_short else ""
    is_well = found == 0 and not is_late and not is_short
    return f":material/verified: {text}" if is_well else f":material/warning: **{text}**"
