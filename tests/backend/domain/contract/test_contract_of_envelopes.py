"""What surrounds a detail: the bus's envelope, sizes, broken JSON and other hostile text."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.support.events.builders import (
    envelope,
    job_detail,
    job_update,
    project_detail,
    text,
    without,
)

from run_ledger.domain.contract.events import decode
from run_ledger.domain.contract.violations import invalid_detail, invalid_envelope
from run_ledger.domain.contract.vocabulary import JobUpdate
from run_ledger.domain.exceptions import InvalidEvent, shown

LIMIT = 64 * 1024


def refused(content: bytes | str) -> InvalidEvent:
    """Return the error that decoding *content* ends with."""
    with pytest.raises(InvalidEvent) as caught:
        decode(content)
    return caught.value


def around(detail: bytes) -> bytes:
    """Return the JSON of an envelope with the bytes *detail* in it."""
    head = text(without(job_update(), "detail"))
    return head[:-1].encode() + b', "detail": ' + detail + b"}"


@pytest.mark.parametrize("name", ["id", "detail-type", "source", "detail"])
def test_envelope_misses(name: str) -> None:
    """Without one of what the bus always sets, an envelope is refused; the refusal names it."""
    error = refused(text(without(job_update(), name)))
    assert (error.reason, error.field, error.got) == ("invalid_field", name, None)


@pytest.mark.parametrize("name", ["id", "detail-type", "source", "time"])
@pytest.mark.parametrize("bad", [None, 1, True, [], {}, ["x"]])
def test_envelope_holds_another_type(name: str, bad: Any) -> None:
    """The refusal names the envelope's field and shows what was there."""
    error = refused(text({**job_update(), name: bad}))
    assert (error.reason, error.field, error.got) == ("invalid_field", name, repr(bad))


@pytest.mark.parametrize("bad", ["", "x" * 129])
def test_envelope_id_is_an_event_id(bad: str) -> None:
    """As it may become the event's id, it has that one's limits."""
    assert refused(text({**job_update(), "id": bad})).field == "id"


@pytest.mark.parametrize("bad", ["yesterday", "2026-11-22T14:15:00", "0001-01-01T00:00:00+01:00"])
def test_envelope_time(bad: str) -> None:
    """A time that is none, or has no zone, or lies outside the years, is refused by its name."""
    error = refused(text({**job_update(), "time": bad}))
    assert (error.reason, error.field) == ("invalid_field", "time")


@pytest.mark.parametrize("detail", [job_detail(), project_detail()])
def test_some_time_is_needed(detail: dict[str, Any]) -> None:
    """An envelope without time serves when the detail says when, and else does not."""
    kind = "job_update" if "job_id" in detail else "project_update"
    said = {**detail, "occurred_at": "1970-01-01T00:00:01Z"}
    timeless = without(envelope(said, detail_type=kind), "time")
    assert decode(text(timeless)).occurred_at == 1_000_000
    error = refused(text({**timeless, "detail": detail}))
    assert (error.reason, error.field, error.got) == ("invalid_field", "time", None)


@pytest.mark.parametrize("kind", ["", "job_updates", "Job_Update", "aws.ec2", "x" * 5000])
def test_unknown_detail_type(kind: str) -> None:
    """Another detail-type is refused as such."""
    error = refused(text(envelope(job_detail(), detail_type=kind)))
    assert (error.reason, error.field) == ("unknown_detail_type", "detail-type")


@pytest.mark.parametrize("bad", [None, True, 1, "x", [], [job_detail()]])
def test_detail_is_an_object(bad: Any) -> None:
    """Any other JSON for a detail is refused."""
    error = refused(text(envelope(bad)))
    assert (error.reason, error.field) == ("invalid_field", "detail")
    assert error.allowed == "a JSON object"


@pytest.mark.parametrize("bad", ["null", "1", '"x"', "[]", "[{}]", "true"])
def test_event_is_an_object(bad: str) -> None:
    """JSON that is no object is refused as no event."""
    error = refused(bad)
    assert (error.reason, error.field) == ("invalid_field", "event")


BROKEN = [
    b"",
    b" ",
    b"{",
    b"hello",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",  # a byte order mark
    b"{'id': 1}",
    b"{} {}",
    b"NaN",
    around(b"{"),
    around(b'{"job_id": 1, "x": }'),
    around(b'{"u": "\xff"}'),
    around(b'{"u": NaN}'),
]


@pytest.mark.parametrize("content", BROKEN)
def test_broken_json(content: bytes) -> None:
    """What is no JSON is refused as that, even where a field is wrong before it breaks."""
    error = refused(content)
    assert error.reason == "bad_json"
    assert "Expected" not in str(error)


IDENTITY = b'{"job_id": "j", "project_id": "p", "client_id": "c", '
UNREADABLE = [
    IDENTITY + b'"name": "\xff"}',
    IDENTITY + b'"unknown": "\xff"}',
    IDENTITY + b'"\xff": 1}',
    IDENTITY + b'"name": "\xed\xa0\x80"}',  # a surrogate in UTF-8's clothes
    IDENTITY + b'"unknown": 1e999}',
    IDENTITY + b'"unknown": ' + b"9" * 5000 + b"}",
]


@pytest.mark.parametrize("detail", UNREADABLE)
def test_unreadable_values(detail: bytes) -> None:
    """Bytes that are no text and numbers that are none are refused wherever they stand."""
    assert refused(around(detail)).reason == "bad_json"


@pytest.mark.parametrize("name", ["source", "id", "detail-type"])
def test_unreadable_envelope(name: str) -> None:
    """The same holds for the envelope."""
    content = text({**job_update(), name: "WRONG"}).encode()
    assert refused(content.replace(b"WRONG", b"\xff")).reason == "bad_json"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (b"\\ud800 alone", "\ufffd alone"),
        (b"\\udc00\\ud800", "\ufffd\ufffd"),
        (b"\\ud83d\\ude00", "\U0001f600"),
        (b"\\ud83d\\ud83d\\ude00", "\ufffd\U0001f600"),
        (b"\\\\ud83d \\ud83d", "\\ud83d \ufffd"),
        (b"cut \\ud83D", "cut \ufffd"),
    ],
)
def test_half_a_surrogate_pair_is_the_replacement_character(sent: bytes, read: str) -> None:
    """JavaScript and Java cut texts so; nothing else of the event changes, and no other escape."""
    event = decode(around(IDENTITY + b'"name": "' + sent + b'"}'))

    assert event.update.name == read
    assert json.loads(event.detail)["name"] == read
    assert decode(around(event.detail)).digest == event.digest


def test_half_a_surrogate_pair_in_an_unknown_name_or_a_python_text() -> None:
    """Wherever it stands, what the ledger keeps can be read by everybody."""
    event = decode(around(IDENTITY + b'"\\ud800": "\\udfff"}'))
    assert json.loads(event.detail)["\ufffd"] == "\ufffd"
    event = decode(text(job_update(name="Q")).replace("Q", "\udfff"))
    assert event.update.name == "\ufffd"
    assert refused("\ud800").reason == "bad_json"


def test_size_limit() -> None:
    """A detail of 64 KB is taken, one byte more is too large, whatever is wrong with it."""
    room = LIMIT - len(IDENTITY) - len(b'"u": ""}')
    decode(around(IDENTITY + b'"u": "' + b"x" * room + b'"}'))
    error = refused(around(IDENTITY + b'"u": "' + b"x" * (room + 1) + b'"}'))
    assert (error.reason, error.field) == ("too_large", "detail")
    assert (error.got, error.allowed) == ("65537 bytes", "at most 65536 bytes")
    error = refused(around(b"[" + b" " * LIMIT + b"]"))
    assert error.reason == "too_large"


def test_size_is_counted_in_bytes() -> None:
    """Characters of several bytes count as such."""
    room = LIMIT - len(IDENTITY) - len(b'"u": ""}')
    content = IDENTITY + b'"u": "' + "é".encode() * (room // 2 + 1) + b'"}'
    assert refused(around(content)).reason == "too_large"


@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_limit(start: bytes, end: bytes) -> None:
    """32 levels are taken, the detail being the first; more are refused on every Python alike."""
    middle = b"1" if start != b"[" else b""
    decode(around(IDENTITY + b'"u": ' + start * 31 + middle + end * 31 + b"}"))
    for deep in (32, 100, *range(950, 1000, 7), 5_000):
        error = refused(around(IDENTITY + b'"u": ' + start * deep + middle + end * deep + b"}"))
        assert (error.reason, error.allowed) == ("too_large", "at most 32 levels of nesting")


def test_brackets_in_text_are_no_nesting() -> None:
    """Only structure counts."""
    flat = {f"u{n}": ["[[[{{{", {}] for n in range(100)}
    assert decode(text(job_update(**flat))).kind == "job"


DEPTHS = [10, 500, *range(960, 1000, 3), 5_000, 100_000]


@pytest.mark.parametrize("field", ["id", "source", "detail"])
@pytest.mark.parametrize("deep", DEPTHS)
def test_deep_values_are_refused(field: str, deep: int) -> None:
    """However deep the wrong value of a field is nested, there is a refusal."""
    content = text({**job_update(), field: "HERE"}).encode()
    refused(content.replace(b'"HERE"', b"[" * deep + b"]" * deep))


@pytest.mark.parametrize("deep", DEPTHS)
def test_deep_values_beside_the_detail(deep: int) -> None:
    """What the contract does not look at may be as deep as can be read, and no deeper."""
    content = text({**job_update(), "version": "HERE"}).encode()
    nested = content.replace(b'"HERE"', b"[" * deep + b"]" * deep)
    if deep <= 500:
        assert decode(nested).kind == "job"
    elif deep >= 5_000:
        assert refused(nested).reason == "too_large"


def test_deep_values_are_shown_by_kind() -> None:
    """What even Python can't write out is named by its kind."""
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == "a deeply nested list"


def test_text_and_bytes_are_alike() -> None:
    """The body of an SQS message (text) and a direct invocation (bytes) give the same event."""
    whole = job_update(name="é\n", delta={"records_ok": 1})
    assert decode(json.dumps(whole)) == decode(json.dumps(whole).encode())


def test_body_inside_a_body_is_no_event() -> None:
    """A JSON text that holds the JSON of an event is not unpacked by guess."""
    assert refused(json.dumps(text(job_update()))).field == "event"


def test_last_of_repeated_members_counts() -> None:
    """JSON leaves repeated members open; the last one is taken, in state and digest alike."""
    twice = decode(around(IDENTITY + b'"attempt": 2, "attempt": 3}'))
    once = decode(around(IDENTITY + b'"attempt": 3}'))
    assert twice.update == once.update
    assert twice.digest == once.digest


@pytest.mark.parametrize("wording", ["Something new", "Something new - at `$.later.than[0]`"])
def test_errors_that_nobody_foresaw(wording: str) -> None:
    """Where the decoder words an error in a new way the event is refused all the same."""
    error = msgspec.ValidationError(wording)
    refusal = invalid_detail(JobUpdate, text(job_detail()).encode(), error)
    assert (refusal.reason, refusal.field, refusal.got) == (
        "invalid_field",
        "detail",
        repr(wording),
    )
    assert invalid_envelope(text(job_update()), error).reason == "invalid_field"
