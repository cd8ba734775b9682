"""How notices come through to people: a table of channels, and a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from dashboard_app import words
from dashboard_app.frames.columns import MOMENT, TEXT, typed

FAILS, OFF, WORKS = "Fails", "Off", "Works"
_STAFF = "*"
_CHANNEL = {
    "whose": TEXT,
    "channel": TEXT,
    "state": TEXT,
    "since": MOMENT,
    "reason": TEXT,
    "worked_at": MOMENT,
}


def channels(notices: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row for each channel that was ever used, those that do not work first."""
    rows = sorted((_channel(one) for one in notices["channels"]), key=_works)
    return typed(rows, _CHANNEL)


def are_all_well(notices: Mapping[str, Any]) -> bool:
    """Return whether each channel works, no notice waits, and none was given up in 30 days."""
    is_quiet = notices["waiting"] == 0 and notices["given_up"] == 0
    return is_quiet and all(_works(_channel(one)) for one in notices["channels"])


def notice_words(notices: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Return in one sentence how channels do, and what did not come."""
    return f"{'; '.join(_parts(notices, zone))}."


def _parts(notices: Mapping[str, Any], zone: ZoneInfo) -> Iterator[str]:
    every = [_channel(one) for one in notices["channels"]]
    bad = sum(not _works(one) for one in every)
    if not every:
        yield "No channel was used yet"
    elif bad:
        verb = "does" if bad == 1 else "do"
        yield f"{bad:,} of {words.counted(len(every), 'channel')} {verb} not work"
    else:
        yield f"{words.counted(len(every), 'channel')} {'works' if len(every) == 1 else 'work'}"
    waiting, lost = notices["waiting"], notices["given_up"]
    if waiting is None:
        yield "more notices wait or were given up than are counted here"
    elif waiting:
        verb = "waits" if waiting == 1 else "wait"
        yield f"{words.counted(waiting, 'notice')} {verb}{_oldest(notices, zone)}"
    if lost:
        verb = "was" if lost == 1 else "were"
        yield f"{words.counted(lost, 'notice')} {verb} given up in the last 30 days"


def _oldest(notices: Mapping[str, Any], zone: ZoneInfo) -> str:
    at = notices["oldest_waiting_at"]
    return f", the oldest since {words.moment(datetime.fromisoformat(at), zone)}" if at else ""


def _channel(item: Mapping[str, Any]) -> dict[str, Any]:
    since = item["off_at"] or item["failing_since"]
    state = OFF if item["off_at"] else FAILS if item["failing_since"] else WORKS
    whose = "Staff" if item["client_id"] == _STAFF else item["client_id"]
    return {**item, "whose": whose, "state": state, "since": since}


def _works(channel: Mapping[str, Any]) -> bool:
    return bool(channel["state"] == WORKS)
