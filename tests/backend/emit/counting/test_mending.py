"""A bad optional field costs that field, or what is too much of it; never the event."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import WillingBus

from run_ledger.domain.contract.events import decode
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.emit.counting.mending import Shortened
from run_ledger.emit.counting.outgoing_events import make_event

OWNER = {"client_id": "c", "project_id": "p"}
JOB = {**OWNER, "job_id": "j"}
END = {**JOB, "status": "completed", "result": "succeeded"}
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


class Broken(Mapping[str, str]):
    """A mapping and a text that can't be had."""

    def __getitem__(self, name: str) -> str:
        """Raise."""
        raise RuntimeError(name)

    def __iter__(self) -> Iterator[str]:
        """Raise."""
        raise RuntimeError("no members")

    def __len__(self) -> int:
        """Raise."""
        raise RuntimeError("no length")

    def __repr__(self) -> str:
        """Raise."""
        raise RuntimeError("no words")


class Shown(Broken):
    """A broken mapping that a failing test can print."""

    def __repr__(self) -> str:
        """Return its name."""
        return "Shown()"


class Number:
    """An integer of a library's own, as numpy has them."""

    def __index__(self) -> int:
        """Return seven."""
        return 7


def made(detail: Mapping[str, Any]) -> tuple[dict[str, Any], list[InvalidEvent]]:
    """Return the detail that goes out for *detail*, which the contract takes, and what it lost."""
    lost: list[InvalidEvent] = []
    event = make_event("job_update", detail, lost.append)
    assert event is not None, [str(one) for one in lost]
    decode(f'{{"id":"-","detail-type":"job_update","source":"-","detail":{event.detail}}}')
    content: dict[str, Any] = json.loads(event.detail)
    return content, lost


WRONG: list[tuple[str, Any]] = [
    *(("log_url", wrong) for wrong in ("http://x", "ftp://x", "", " ", "https://x y", 5, b"x")),
    ("log_url", "https://x/" + "y" * 2000),
    *(
        ("records_total", wrong)
        for wrong in (-1, 1.5, "5", True, math.nan, math.inf, 2**60, [], {})
    ),
    *(("heartbeat_seconds", wrong) for wrong in (0, -1, 0.5, "often", dt.timedelta(1))),
    *(("attempt", wrong) for wrong in (0, "2", 1.5, True)),
    *(("tags", wrong) for wrong in ("a=b", 5, ["a"], {"a": "b"}.items(), Broken())),
    *(("error", wrong) for wrong in (5, ["a"], Broken(), b"text")),
    *(("delta", wrong) for wrong in ("a", 5, ["a"], Broken())),
    *(("occurred_at", wrong) for wrong in ("yesterday", 5, NOON.replace(tzinfo=None))),
    ("occurred_at", "2026-11-22T12:00:00"),
    *(("own", wrong) for wrong in (object(), Broken(), "\ud83d")),
    *(("status", wrong) for wrong in ("done", 5, [])),
    *(("result", wrong) for wrong in ("success", 5, [])),
]


@pytest.mark.parametrize(("field", "wrong"), WRONG)
def test_what_cannot_be_mended_is_left_out_and_told(field: str, wrong: Any) -> None:
    """The end of the job arrives, and whoever is told hears which field it was."""
    content, lost = made({**END, "name": "n", field: wrong})

    assert (content["job_id"], content["status"], content["name"]) == ("j", "completed", "n")
    assert [one.field.split(".")[1] for one in lost] == [field]
    assert content.get(field) != wrong or field == "error"


@pytest.mark.parametrize(
    ("field", "given", "right"),
    [
        ("records_total", 5.0, 5),
        ("records_total", Number(), 7),
        ("records_total", 0, 0),
        ("name", 7, "7"),
        ("name", b"bytes", "bytes"),
        ("name", "\ud83d", "?"),
        ("stage", PurePosixPath("a/b"), "a/b"),
        ("tags", {"a": 1, 2: "b", "none": None, "\ud83d": "\ud83d"},
         {"a": "1", "2": "b", "?": "?"}),
        ("log_url", PurePosixPath("https://x"), None),
        ("error", "went wrong", {"type": "Error", "message": "went wrong"}),
        ("error", KeyError("sku"), {"type": "KeyError", "message": "'sku'"}),
        ("error", {"type": None, "message": "m"}, {"type": "Error", "message": "m"}),
        ("error", {"type": "E"}, {"type": "E", "message": ""}),
        ("error", {"type": "E", "message": 5, "fingerprint": None}, {"type": "E", "message": "5"}),
        ("error", {"type": "E", "message": "bad \ud83d"}, {"type": "E", "message": "bad ?"}),
        ("delta", {"a": 1.0, "b": Number(), "c": None}, {"a": 1, "b": 7}),
        ("occurred_at", NOON, "2026-11-22T12:00:00.000000Z"),
        ("event_id", 7, "7"),
        ("schema_version", None, None),
    ],
)  # fmt: skip
def test_what_can_be_mended_is(field: str, given: Any, right: Any) -> None:
    """A value of another type than JSON's, or with too little in it, says what it means."""
    content, lost = made({**END, field: given})

    assert content.get(field) == right
    assert lost == [] or field == "log_url"


def test_no_value_is_lost_for_none() -> None:
    """None is how Python says that there is nothing to say."""
    fields = ("name", "parent_job_id", "log_url", "tags", "error", "delta", "attempt", "pipeline")
    content, lost = made({**END, **dict.fromkeys(fields)})

    assert not content.keys() & {*fields}
    assert lost == []


@pytest.mark.parametrize("field", ["name", "stage", "error.message", "error.type", "tags.a"])
def test_text_that_is_too_long_is_cut_and_told(field: str) -> None:
    """What the contract takes of it arrives, and shows that there was more."""
    outer, _, inner = field.partition(".")
    text = "x" * 3000
    value = {"type": "E", "message": "m", inner: text} if outer == "error" else {inner: text}
    content, lost = made({**END, outer: value if inner else text})

    kept = content[outer][inner] if inner else content[outer]
    in_middle = "x" * 700 + " … " + "x" * 321
    assert kept == (in_middle if field == "error.message" else "x" * 1023 + "…")
    assert [(type(one), one.field) for one in lost] == [(Shortened, f"detail.{field}")]


@pytest.mark.parametrize(
    "fields",
    [
        {"log_url": "https://x/\udc80"},
        {"status": "\udc80", "result": None},
        {"delta": {"\udc80": 1}},
        {"error": {"\udc80": 1}},
        {"of_my_own": ["\udc80", {"\udc80": "\udc80"}]},
        {"\udc80": 1},
    ],
)
def test_half_a_character_costs_no_event(fields: dict[str, Any]) -> None:
    """Whichever text or name holds it, as those of files on Linux may."""
    made({**END, **fields})


def test_too_many_tags_cost_those_beyond() -> None:
    """The first ones arrive, each of the others is told."""
    content, lost = made({**END, "tags": {f"t{number}": "x" for number in range(70)}})

    assert list(content["tags"]) == [f"t{number}" for number in range(64)]
    assert len(lost) == 6


def test_a_bad_tag_costs_that_tag() -> None:
    """A name that is empty is none, and one that is too long is cut."""
    content, lost = made({**END, "tags": {"": "x", "n" * 200: "y", "good": "z"}})

    assert content["tags"] == {"n" * 127 + "…": "y", "good": "z"}
    assert [one.field for one in lost] == ["detail.tags.", "detail.tags (a name)"]


def test_a_bad_counter_costs_that_counter() -> None:
    """The others count."""
    wrong = {"a": "5", "b": 1.5, "Bad Name": 1, "c": 2**60, "d": True}
    content, lost = made({**END, "delta": {"records_ok": 3, **wrong}})

    assert content["delta"] == {"records_ok": 3}
    assert len(lost) == len(wrong)


def test_a_result_that_is_none_still_ends_the_job() -> None:
    """As failed, with the words that say why: nobody must take it for a success."""
    content, _ = made({**JOB, "status": "completed", "result": "success"})

    assert content["result"] == "failed"
    assert content["error"]["type"] == "UnknownResult"
    assert "'success'" in content["error"]["message"]


def test_a_result_goes_with_completed() -> None:
    """A job that runs has none yet; a job that has one and no status has ended."""
    assert "result" not in made({**JOB, "status": "running", "result": "failed"})[0]
    assert made({**JOB, "result": "failed"})[0]["status"] == "completed"


def test_an_event_id_that_is_too_long_stays_the_same_for_the_same_text() -> None:
    """So what is sent twice counts once."""
    ids = [made({**END, "event_id": "e" * 200})[0]["event_id"] for _ in range(2)]
    other = made({**END, "event_id": "e" * 201})[0]["event_id"]

    assert ids[0] == ids[1] != other


def test_an_event_that_is_too_large_loses_what_takes_most() -> None:
    """And keeps whose it is and how it ended."""
    content, lost = made({**END, "own": "x" * 60_000, "more": ["y"] * 10_000, "name": "n"})

    assert "own" not in content
    assert (content["name"], content["result"]) == ("n", "succeeded")
    assert [one.reason for one in lost] == ["too_large"]


@pytest.mark.parametrize("missing", ["job_id", "client_id", "project_id"])
def test_without_whose_it_is_there_is_no_event(missing: str) -> None:
    """The ledger could not say where it belongs."""
    lost: list[InvalidEvent] = []

    assert make_event("job_update", {**END, missing: None}, lost.append) is None
    assert [one.field for one in lost] == [f"detail.{missing}"]


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters())
    | st.binary() | st.decimals() | st.datetimes() | st.just(Shown()) | st.builds(object),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip
FIELDS = ("attempt", "name", "parent_job_id", "stage", "records_total", "log_url", "tags", "error",
          "heartbeat_seconds", "delta", "occurred_at", "event_id", "pipeline", "own", "status",
          "result", "delta_by_model", "schema_version")  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=5))
def test_whatever_a_pipeline_gives_the_job_is_reported(fields: dict[str, Any]) -> None:
    """Any value in any optional field, and an event that the contract takes comes of it."""
    content, _ = made({**JOB, **fields})

    assert content["job_id"] == "j"


@given(st.dictionaries(st.sampled_from([f for f in FIELDS if f != "result"]), ANY, max_size=5))
def test_whatever_a_pipeline_gives_an_end_stays_an_end(fields: dict[str, Any]) -> None:
    """The job does not run for ever because of a field beside its end."""
    content, _ = made({**fields, **END})

    assert (content["status"], content["result"]) == ("completed", "succeeded")


def test_values_that_break_anywhere_never_reach_the_pipeline(make: Make, bus: WillingBus) -> None:
    """By every method of a job, whose end arrives all the same."""
    ledger, broken = make(), Broken()
    values: Any = {"tags": broken, "log_url": broken, "name": broken, "records_total": Decimal(1)}
    with ledger.job(**JOB, **values) as job:
        job.stage(broken)  # type: ignore[arg-type]
        job.total(broken)  # type: ignore[arg-type]
        job.describe(tags=broken, name=broken)
        job.add(broken)  # type: ignore[arg-type]
        job.partial(broken)  # type: ignore[arg-type]

    assert ledger.flush(30)
    assert bus.jobs["j"].outcome == "partial"
    assert ledger.stats().invalid >= 3


def test_a_cut_text_is_counted_and_no_mistake(make: Make, bus: WillingBus) -> None:
    """An exception's message may have any length, in a pipeline's tests, too."""
    ledger = make(strict=True)
    with ledger.job(**JOB, name="n" * 3000) as job:
        job.fail("m" * 3000)

    assert ledger.flush(30)
    assert bus.jobs["j"].outcome == "failed"
    assert (ledger.stats().shortened >= 1, ledger.stats().invalid) == (True, 0)
