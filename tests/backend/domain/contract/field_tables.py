"""What each field of both events takes and refuses, and a part of what a refusal must say."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.events.builders import job_update, project_update, without

from run_ledger.domain.exceptions import shown

LARGEST = 2**53

NO_STRINGS: tuple[Any, ...] = (None, True, 0, 1.5, [], ["a"], {})
NO_INTEGERS: tuple[Any, ...] = (None, True, False, 1.0, 1.5, "1", "", [], {})
NO_OBJECTS: tuple[Any, ...] = (None, True, 0, 1.5, "", "a", [], [1])
NO_TIMES: tuple[Any, ...] = (
    *NO_STRINGS,
    "",
    "now",
    "1763820900",
    "2026-11-22",
    "2026-11-22T14:15:00",  # no zone
    "2026-11-22T14:15Z",
    "2026-11-22T14:15:60Z",
    "2026-11-22T24:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-11-22T14:15:00+24:00",
    "2026-11-22T14:15:00Z\n",
    " 2026-11-22T14:15:00Z",
    "0000-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+00:01",  # the year 0 in UTC
    "9999-12-31T23:59:59-00:01",  # the year 10000 in UTC
    "9999-12-31T23:59:59.9999999Z",
)
TIMES = (
    "2026-11-22T14:15:00Z",
    "2026-11-22T14:15:00.1Z",
    "2026-11-22T14:15:00.123456+05:30",
    "2026-11-22T14:15:00-23:59",
    "2028-02-29T00:00:00-00:00",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:01:00+00:01",
    "9999-12-31T23:59:59.999999Z",
)
NO_IDENTIFIERS: tuple[Any, ...] = (
    *NO_STRINGS,
    "",
    "x" * 129,
    "a b",
    "a/b",
    "a#b",
    "é",
    "\uff41",  # a full-width a
    "a\n",
    "\na",
    "a\x00",
)
IDENTIFIERS = ("a", "0", "x" * 128, "A.b:c_d-e", "-", "...")
NO_TEXTS: tuple[Any, ...] = (*NO_STRINGS, "x" * 1025, "\U0001d4b3" * 1025)
TEXTS = ("", "x" * 1024, "\U0001d4b3" * 1024, "two\nlines", "é\x00")
NO_SHORT_TEXTS: tuple[Any, ...] = (*NO_STRINGS, "", "x" * 129)
SHORT_TEXTS = ("a", "x" * 128, "é" * 128, "a\n", "#")
NO_COUNTS: tuple[Any, ...] = (*NO_INTEGERS, -1, LARGEST + 1, 2**63, 2**64, 2**70, -(2**70))
COUNTS = (0, 1, LARGEST)
NO_POSITIVES: tuple[Any, ...] = (*NO_COUNTS, 0)
POSITIVES = (1, 2, LARGEST)
NO_URLS: tuple[Any, ...] = (
    *NO_STRINGS,
    "",
    "https://",
    "http://a.test",
    "HTTPS://a.test",
    "javascript:alert(1)",
    " https://a.test",
    "https://a.test/ b",
    "https://a.test\n",
    "https://a.test/\x00",
    "https://a.test/\x7f",
    "https://a.test/" + "x" * 1010,
)
URLS = ("https://a", "https://a.test/é?b=c#d", "https://a.test/" + "x" * 1009)
NO_TAGS: tuple[Any, ...] = (*NO_OBJECTS, {f"k{n}": "" for n in range(65)})
TAGS: tuple[Any, ...] = (
    {},
    {f"k{n}": "" for n in range(64)},
    {"x" * 128: "y" * 1024},
    {"é b": "é"},
)
NO_DELTAS: tuple[Any, ...] = (*NO_OBJECTS, {f"n{n}": 1 for n in range(25)})
DELTAS: tuple[Any, ...] = (
    {},
    {f"n{n}": 1 for n in range(24)},
    {"a": LARGEST, "b": -LARGEST, "c": 0, "z" + "_" * 39: -1},
)
EXPECTED: tuple[Any, ...] = (
    {},
    {"cron": "0 2 * * 1-5", "timezone": "Europe/Berlin", "grace": "15m", "max_duration": "2h"},
    {"every": "7d", "grace": "0s"},
)

JOB_FIELDS: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], str]] = {
    "job_id": (IDENTIFIERS, NO_IDENTIFIERS, "1 to 128 of the characters"),
    "project_id": (IDENTIFIERS, NO_IDENTIFIERS, "1 to 128 of the characters"),
    "client_id": (IDENTIFIERS, NO_IDENTIFIERS, "1 to 128 of the characters"),
    "pipeline": (IDENTIFIERS, NO_IDENTIFIERS, "1 to 128 of the characters"),
    "parent_job_id": (IDENTIFIERS, NO_IDENTIFIERS, "1 to 128 of the characters"),
    "event_id": (SHORT_TEXTS, NO_SHORT_TEXTS, "1 to 128 characters"),
    "schema_version": ((1,), NO_INTEGERS, "the integer 1"),
    "occurred_at": (TIMES, NO_TIMES, "years 1 to 9999"),
    "attempt": (POSITIVES, NO_POSITIVES, "an integer from 1 to 2^53"),
    "status": (
        ("queued", "running"),
        (*NO_STRINGS, "", "Running", "running\n", "failed", "done"),
        "one of queued, running, completed",
    ),
    "name": (TEXTS, NO_TEXTS, "at most 1024 characters"),
    "stage": (TEXTS, NO_TEXTS, "at most 1024 characters"),
    "records_total": (COUNTS, NO_COUNTS, "an integer from 0 to 2^53"),
    "log_url": (URLS, NO_URLS, "an https:// URL"),
    "tags": (TAGS, NO_TAGS, "at most 64 pairs"),
    "heartbeat_seconds": (POSITIVES, NO_POSITIVES, "an integer from 1 to 2^53"),
    "error": ((), NO_OBJECTS, "the strings type and message"),
    "delta": (DELTAS, NO_DELTAS, "at most 24 pairs"),
    "expect": (EXPECTED, (*NO_OBJECTS, {"crom": "0 2 * * *"}), "an object with cron"),
}
PROJECT_FIELDS: dict[str, tuple[tuple[Any, ...], tuple[Any, ...], str]] = {
    "project_id": (IDENTIFIERS, NO_IDENTIFIERS, "1 to 128 of the characters"),
    "client_id": (IDENTIFIERS, NO_IDENTIFIERS, "1 to 128 of the characters"),
    "event_id": (SHORT_TEXTS, NO_SHORT_TEXTS, "1 to 128 characters"),
    "schema_version": ((1,), NO_INTEGERS, "the integer 1"),
    "occurred_at": (TIMES, NO_TIMES, "years 1 to 9999"),
    "name": (TEXTS, NO_TEXTS, "at most 1024 characters"),
    "owner": (TEXTS, NO_TEXTS, "at most 1024 characters"),
    "due_at": (TIMES, NO_TIMES, "years 1 to 9999"),
    "jobs_expected": (COUNTS, NO_COUNTS, "an integer from 0 to 2^53"),
    "status": (
        ("active", "paused", "completed", "archived"),
        (*NO_STRINGS, "", "Active", "running"),
        "one of active, paused, completed, archived",
    ),
    "tags": (TAGS, NO_TAGS, "at most 64 pairs"),
    "delta": (DELTAS, NO_DELTAS, "at most 24 pairs"),
}

# Null counts as absent, where a field may be absent.
for _fields in (JOB_FIELDS, PROJECT_FIELDS):
    for _name, (_good, _bad, _words) in _fields.items():
        if _name not in {"job_id", "project_id", "client_id"}:
            _fields[_name] = (_good, tuple(one for one in _bad if one is not None), _words)

# Members of objects: the detail, the field that the refusal names, and what it shows.
_ERROR = {"type": "E", "message": "m"}
INSIDE: list[tuple[dict[str, Any], str, str | None]] = [
    *(({"error": without(_ERROR, name)}, f"error.{name}", None) for name in _ERROR),
    *(
        ({"error": {**_ERROR, name: bad}}, f"error.{name}", None if bad is None else shown(bad))
        for name in _ERROR
        for bad in NO_TEXTS
    ),
    *(
        ({"error": {**_ERROR, "fingerprint": bad}}, "error.fingerprint", shown(bad))
        for bad in NO_SHORT_TEXTS
        if bad is not None
    ),
    *(
        ({"delta": {"fine": 1, "bad": bad, "good": 2}}, "delta.bad", shown(bad))
        for bad in (*NO_INTEGERS[1:], LARGEST + 1, -LARGEST - 1, 2**64, 2**70, -(2**70), "1e3")
    ),
    *(
        ({"delta": {"fine": 1, name: 2}}, f"delta.{name}", "2")
        for name in ("Bad-Name", "9a", "_a", "a b", "aé", "A", "a.b", "", "a" * 41)
    ),
    ({"delta": {"a\n": 2}}, "delta.a\\n", "2"),
    *(
        ({"tags": {"fine": "", "bad": bad}}, "tags.bad", shown(bad))
        for bad in (*NO_STRINGS[1:], "x" * 1025)
    ),
    ({"tags": {"": "x"}}, "tags.", "'x'"),
]
BUILDERS = [
    pytest.param(build, *case, id=f"{build.__name__}-{case[1]}={case[2]}"[:60])
    for build in (job_update, project_update)
    for case in INSIDE
    if build is job_update or "error" not in case[0]  # a project has no errors
]
