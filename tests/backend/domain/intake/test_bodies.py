"""Bodies of requests: unpacked within limits, taken apart, and refused with the limit named."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest

from run_ledger.domain.exceptions import BodyTooLarge, InvalidBody, UnknownBodyType
from run_ledger.domain.intake.bodies import (
    JSON,
    MOST_BYTES,
    MOST_EVENTS,
    MOST_SENT_BYTES,
    NDJSON,
    read_body,
)

EVENTS = [{"detail_type": "job_update", "detail": {"n": number}} for number in range(3)]
AS_JSON = json.dumps({"events": EVENTS}).encode()
AS_LINES = b"\n".join(json.dumps(one).encode() for one in EVENTS)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (AS_JSON, JSON),
        (AS_JSON, "Application/JSON; charset=utf-8"),
        (AS_LINES, NDJSON),
        (b"\n\r\n" + AS_LINES.replace(b"\n", b"\r\n\n") + b"\n \n", NDJSON),
    ],
)
def test_each_form_has_the_same_events(body: bytes, media_type: str) -> None:
    """In their order, packed or not; blank lines are none."""
    for sent, coding in ((body, ""), (body, "identity"), (gzip.compress(body), " GZIP ")):
        assert [json.loads(one) for one in read_body(sent, media_type, coding).events] == EVENTS


def test_a_body_has_one_digest_however_it_is_packed() -> None:
    """Another body has another."""
    packed = read_body(gzip.compress(AS_JSON, 1), JSON, "gzip")
    assert packed.digest == read_body(AS_JSON, JSON, "").digest
    assert packed.digest != read_body(AS_JSON + b" ", JSON, "").digest


def test_a_bomb_is_refused_while_it_is_unpacked() -> None:
    """A gigabyte that is sent as a megabyte never lies in memory."""
    packer = zlib.compressobj(wbits=31)
    zeros = bytes(1_000_000)
    bomb = b"".join(packer.compress(zeros) for _ in range(1_000)) + packer.flush()
    assert len(bomb) < MOST_SENT_BYTES
    with pytest.raises(BodyTooLarge, match=str(MOST_BYTES)):
        read_body(bomb, JSON, "gzip")


def test_what_is_large_is_refused_with_the_limit() -> None:
    """By bytes as sent, and by the number of events."""
    with pytest.raises(BodyTooLarge, match=str(MOST_SENT_BYTES)):
        read_body(b" " * (MOST_SENT_BYTES + 1), JSON, "")
    for count, fits in ((MOST_EVENTS, True), (MOST_EVENTS + 1, False)):
        as_json = json.dumps({"events": [{}] * count}).encode()
        for body, media_type in ((as_json, JSON), (b"{}\n" * count, NDJSON)):
            if fits:
                assert len(read_body(body, media_type, "").events) == count
            else:
                with pytest.raises(BodyTooLarge, match=f"at most {MOST_EVENTS} a request"):
                    read_body(body, media_type, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b"{}",
        b'{"events": {}}',
        b'{"events": null}',
        b'{"events": [{"a": tru}]}',
        b'{"events": []} {}',
        b'{"events": [' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"]}",
        b'{"events": [' + b'{"a":' * 600_000,
        b"\xff\xfe{}",
    ],
    ids=range(12),
)
def test_what_is_no_list_of_events_is_refused(body: bytes) -> None:
    """However deep it is; nothing else is raised."""
    with pytest.raises(InvalidBody):
        read_body(body, JSON, "")


PACKED = gzip.compress(AS_JSON, mtime=0)


@pytest.mark.parametrize(
    "packed",
    [
        pytest.param(b"no gzip", id="no gzip"),
        pytest.param(PACKED[:-5], id="cut off"),
        pytest.param(PACKED + b"more", id="followed"),
        pytest.param(PACKED * 2, id="two"),
        pytest.param(zlib.compress(AS_JSON), id="zlib"),
        pytest.param(b"", id="empty"),
    ],
)
def test_what_is_not_one_whole_gzip_is_refused(packed: bytes) -> None:
    """Cut off, followed by something, or packed otherwise."""
    with pytest.raises(InvalidBody):
        read_body(packed, JSON, "gzip")


@pytest.mark.parametrize(
    ("media_type", "coding"),
    [
        ("", ""),
        ("text/plain", ""),
        ("application/x-www-form-urlencoded", ""),
        ("application/json; charset=utf-16", ""),
        ("application/json, application/json", ""),
        (JSON, "br"),
        (JSON, "gzip, gzip"),
    ],
)
def test_other_types_and_codings_are_refused(media_type: str, coding: str) -> None:
    """With what is allowed."""
    with pytest.raises(UnknownBodyType, match="allowed"):
        read_body(AS_JSON, media_type, coding)
