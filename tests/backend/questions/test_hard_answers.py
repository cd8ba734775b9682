"""Questions whose answers from the API are large, cut, hostile or in parts are answered rightly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from run_ledger.domain.contract.vocabulary import MAX_TAGS
from run_ledger.questions.asking import Asking, Json, Query, Refused
from run_ledger.questions.shaping import MOST_BYTES, said
from run_ledger.questions.tools import answer

NOW = datetime(2026, 11, 22, 15, 20, tzinfo=UTC)
WIDE = "\N{GRINNING FACE}" * 400


class Api:
    """Answers what a test says, path by path, and remembers what was asked."""

    def __init__(self, **answers: Any) -> None:
        """Answer each path's pages one after the other, the last one again and again."""
        self.answers = {name: list(pages) for name, pages in answers.items()}
        self.asked: list[tuple[str, dict[str, str]]] = []

    def __call__(self, path: str, query: Query) -> Json:
        """Return the next page."""
        self.asked.append((path, {name: text for name, text in query.items() if text is not None}))
        pages = self.answers[path.rpartition("/")[2]]
        found = pages.pop(0) if len(pages) > 1 else pages[0]
        if isinstance(found, Exception):
            raise found
        return dict(found)

    def ask(self, tool: str, **given: Any) -> Json:
        """Return the answer of a tool."""
        return answer(Asking(self, NOW, "https://ledger.example/"), tool, given)


def job(job_id: str = "job-1", **members: Any) -> Json:
    """Return a job as the API shows it."""
    texts = ("name", "stage", "parent_job_id", "records_total", "last_seen_at", "ended_at")
    return {
        **dict.fromkeys(texts),
        "job_id": job_id,
        "client_id": "acme",
        "project_id": "spring",
        "pipeline": "texts",
        "status": "completed",
        "result": "succeeded",
        "stalled": False,
        "attempt": 1,
        "created_at": "2026-11-22T10:00:00Z",
        "duration_seconds": None,
        "counters": {},
        "tags": {},
        "attempts": [],
        "error": None,
        **members,
    }


def page(*items: Json, then: str | None = None) -> Json:
    """Return a page of a list."""
    return {"items": list(items), "next_cursor": then, "left_out": None}


def group(fingerprint: str, clients: int = 1) -> Json:
    """Return an error group of so many clients."""
    return {
        "fingerprint": fingerprint,
        "type": "T",
        "message": WIDE,
        "jobs": 1,
        "count": 1,
        "first_seen_at": "2026-11-22T10:00:00Z",
        "last_seen_at": "2026-11-22T10:00:00Z",
        "clients": [f"{number:0128}" for number in range(clients)],
        "job_ids": [f"job-{number}" for number in range(10)],
    }


def trends(
    series: Mapping[str, int],
    other: int | None = None,
    left_out: Json | None = None,
    key: str = "client_id",
) -> Json:
    """Return series of one point each, by what each group cost."""

    def points(cost: int) -> list[Json]:
        names = ("created", "ended", "succeeded", "partial", "failed", "cancelled", "timed_out")
        return [{**dict.fromkeys(names, 1), "counters": {"cost_microusd": cost}}]

    return {
        "series": [{"key": {key: name}, "points": points(cost)} for name, cost in series.items()],
        "other": None if other is None else {"key": {}, "points": points(other)},
        "left_out": left_out,
    }


def test_a_job_with_many_long_tags_is_explained() -> None:
    """Its tags stand in the job, and are shortened there."""
    tags = {f"{number}": WIDE for number in range(MAX_TAGS)}
    api = Api(**{"job-1": [job(tags=tags)], "entries": [page()], "jobs": [page()]})
    found = api.ask("explain_job", job_id="job-1")
    assert len(msgspec.json.encode(found)) <= MOST_BYTES
    assert 0 < len(found["job"]["tags"]) < MAX_TAGS
    assert found["shortened"] == {"job.tags": MAX_TAGS - len(found["job"]["tags"])}


def test_an_error_of_many_clients_is_told() -> None:
    """With some of them, and how many there are."""
    api = Api(errors=[page(group("f", 2_000))])
    (one,) = api.ask("error_groups")["error_groups"]
    assert (len(one["clients"]), one["clients_in_all"]) == (20, 2_000)


def test_what_is_left_out_takes_no_room() -> None:
    """With some of its names, and how many there are."""
    names = [f"{number:0128}" for number in range(100)]
    left_out = {"count": 900, "clients": names, "projects": names, "after": None}
    api = Api(trends=[trends({"acme": 7}, left_out=left_out)])
    found = api.ask("cost_by", group_by="client")
    assert found["left_out"]["count"] == 900
    assert len(found["left_out"]["some_clients"]) == 20
    assert len(found["groups"]) == 1


@pytest.mark.parametrize(
    ("by", "key", "name"),
    [("client", "client_id", "all others together"), ("model", "model", "without a model")],
)
@pytest.mark.parametrize("taken", ["others", "without a model", "all others together", ""])
def test_no_name_hides_a_group(by: str, key: str, name: str, taken: str) -> None:
    """Neither a client nor a model is summed as, or taken for, what has no group of its own."""
    api = Api(trends=[trends({taken: 5_000_000}, other=2_000_000, key=key)])
    groups = api.ask("cost_by", group_by=by)["groups"]
    assert [one["cost_usd"] for one in groups] == ["5", "2"]
    assert groups[0]["group"] == (taken if by == "client" else said(taken))
    assert "is_rest" not in groups[0]
    assert (groups[1]["group"], groups[1]["is_rest"]) == (name, True)


def test_a_group_within_the_rest_is_not_taken_for_nothing() -> None:
    """Where the period before has a rest or is without some, its figures are not known."""
    api = Api(trends=[trends({"acme": 7, "new": 3}), trends({"acme": 5}, other=100)])
    groups = api.ask("compare_periods", group_by="client")["groups"]
    found = {one["group"]: (one["period"], one["previous_period"]) for one in groups}
    assert found["new"][1] is None
    assert found["acme"][1]["used"]["cost_usd"] == "0.000005"
    assert found["all others together"][0]["ended"] == 0

    api = Api(trends=[trends({"new": 3}), trends({})])
    (only,) = api.ask("compare_periods", group_by="client")["groups"]
    assert only["previous_period"]["ended"] == 0


def test_both_periods_say_whom_they_are_without() -> None:
    """Each for itself."""
    left_out = [
        {"count": 1, "clients": [name], "projects": [], "after": None} for name in ("a", "b")
    ]
    api = Api(trends=[trends({}, left_out=one) for one in left_out])
    found = api.ask("compare_periods", group_by="client")
    assert found["left_out"]["some_clients"] == ["a"]
    assert found["previous_left_out"]["some_clients"] == ["b"]


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T14:00:00+05:30",  # in UTC, it lies in the middle of an hour
        "0001-01-01T00:00:00+05:00",
        "0001-01-02T00:00:00Z",
        "9999-12-31T23:00:00-05:00",
        "2026-11-22T14:00:00",
        "2026-11-22T14:00:00.000001Z",
        "x" * 60,
        "",
    ],
)
def test_times_that_are_no_hours_are_refused(name: str, text: str) -> None:
    """With the argument's name and what is allowed."""
    with pytest.raises(Refused, match=rf"^{name} .*allowed: a full hour"):
        Api(trends=[trends({})]).ask("compare_periods", **{name: text})


def test_times_of_other_zones_and_dates_are_hours_of_utc() -> None:
    """A date is its midnight; whole days are asked for as days."""
    api = Api(trends=[trends({})])
    api.ask("cost_by", since="2026-11-20", until="2026-11-22T02:00:00+02:00")
    ((_, query),) = api.asked
    assert query["interval"] == "day"
    assert (query["from"], query["to"]) == (
        "2026-11-20T00:00:00+00:00",
        "2026-11-22T00:00:00+00:00",
    )


def test_the_dearest_of_all_pages_are_found() -> None:
    """A page has the dearest of those that it looked through; dearer ones may come later."""
    costs = [{"cost_microusd": cost} for cost in (1, 9, 5)]
    pages = [page(job(f"job-{n}", counters=one), then="c") for n, one in enumerate(costs)]
    api = Api(jobs=[*pages, page(job("none"))])
    found = api.ask("find_jobs", sort="cost", limit=2)
    assert [one["job_id"] for one in found["jobs"]] == ["job-1", "job-2"]
    assert found["looked_through_all"] is True
    assert {query["limit"] for _, query in api.asked} == {"2"}

    endless = Api(jobs=[page(job(), then="c")]).ask("find_jobs", sort="duration")
    assert endless["looked_through_all"] is False
    with pytest.raises(Refused, match=r"^cursor: .*allowed"):
        api.ask("find_jobs", sort="cost", cursor="c")


def test_pages_without_a_match_are_not_taken_for_the_end() -> None:
    """The API's page may be empty where it looked through too few jobs."""
    api = Api(jobs=[page(then="a"), page(job("one"), then="b"), page(job("two"), then="c")])
    found = api.ask("find_jobs", q="x", limit=2)
    assert [one["job_id"] for one in found["jobs"]] == ["one", "two"]
    assert found["next_cursor"] == "c"
    assert [query["limit"] for _, query in api.asked] == ["2", "2", "1"]


def test_parts_of_all_pages_are_counted() -> None:
    """And an explained job shows the counters that have no member of their own."""
    api = Api(
        **{
            "job-1": [job(counters={"records_ok": 2, "images": 3})],
            "entries": [page()],
            "jobs": [page(job("a"), then="c"), page(job("b"), job("c", result="failed"))],
        }
    )
    found = api.ask("explain_job", job_id="job-1")
    assert found["parts_by_outcome"] == {"succeeded": 2, "failed": 1}
    assert found["there_are_more_parts"] is False
    assert found["job"]["other_counters"] == [{"name": "images", "count": 3}]


def test_a_failure_among_very_many_kinds_is_still_told() -> None:
    """Its error is known, though its group is not found."""
    error = {"fingerprint": "f", "type": "T", "message": "m"}
    attempt = {"attempt": 1, "result": "failed", "ended_at": None, "error": error}
    failed = job(result="failed", error=error, attempts=[attempt])
    api = Api(**{"job-1": [failed], "errors": [page(group("g"), then="c")], "jobs": [page()]})
    found = api.ask("why_did_it_fail", job_id="job-1")
    assert found["failed_attempts"][0]["error"]["message"] == said("m")
    assert (found["error_group"], found["looked_through_all_groups"]) == (None, False)


@pytest.mark.parametrize("document", [{}, {"items": 5, "next_cursor": None}, {"items": [{}]}])
def test_an_answer_of_another_shape_is_refused(document: Json) -> None:
    """In words, as of a ledger of another version."""
    with pytest.raises(Refused, match="same version"):
        Api(clients=[document]).ask("find_clients")


@pytest.mark.parametrize(
    ("tool", "given", "words"),
    [
        ("find_jobs", {"colour": 1}, "colour.*allowed arguments: q, client_id"),
        ("find_jobs", {"result": ["bad"]}, r"\$\.result.*allowed.*timed_out"),
        ("find_jobs", {"result": []}, "result.*allowed"),
        ("find_jobs", {"sort": "newest"}, r"sort.*allowed.*\"created\""),
        ("explain_job", {}, r"job_id.*required: job_id"),
    ],
)
def test_refusals_say_what_is_allowed(tool: str, given: dict[str, Any], words: str) -> None:
    """As the schema does."""
    with pytest.raises(Refused, match=words):
        Api(jobs=[page()]).ask(tool, **given)


@pytest.mark.parametrize(
    ("tool", "path", "refusal", "words"),
    [
        ("find_jobs", "jobs", "to: too early", "^created_to: too early"),
        ("find_jobs", "jobs", "ended_to: too early", "^ended_to: too early"),
        ("error_groups", "errors", "from: got 'x'", "^since: got 'x'"),
        ("cost_by", "trends", "to: too late", "^until: too late"),
        ("find_jobs", "jobs", "The API can't be reached (x: y)", "^The API can't"),
    ],
)
def test_refusals_name_arguments(tool: str, path: str, refusal: str, words: str) -> None:
    """The assistant has never heard of the API's parameters."""
    with pytest.raises(Refused, match=words):
        Api(**{path: [Refused(refusal)]}).ask(tool)


@pytest.mark.parametrize("code", [0xFE00, 0xFE0F, 0xE0100, 0xE01EF, 0x3164, 0x115F, 0x034F, 0x2800])
def test_nothing_is_hidden_in_characters_that_are_not_seen(code: int) -> None:
    """Variation selectors alone can carry any text."""
    assert said(f"a{chr(code)}b") == {"producer_text": "a b"}


def test_texts_of_all_scripts_are_seen() -> None:
    """Accents, other alphabets and emoji stay."""
    text = "Cafe\u0301 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u65e5\u672c \U0001f600"
    assert said(text) == {"producer_text": text}
    assert json.dumps(said(text))


@pytest.mark.parametrize(
    ("tool", "given", "place"),
    [
        ("find_jobs", {}, "jobs"),
        ("find_jobs", {"stalled": True}, "jobs?status=stalled"),
        ("find_jobs", {"stalled": False}, None),
        (
            "find_jobs",
            {"sort": "cost", "created_from": "2026-11-20"},
            "jobs?from=2026-11-20&sort=cost",
        ),
        ("error_groups", {"client_id": "acme"}, "errors?client_id=acme"),
        ("error_groups", {"since": "2026-11-20", "only_new": True}, "errors?new_since=2026-11-20"),
        ("error_groups", {"since": "2026-11-20"}, None),
        ("error_groups", {"until": "2026-11-20"}, None),
        ("cost_by", {"group_by": "client"}, "costs?since=2026-11-15T15%3A00%3A00%2B00%3A00"),
        (
            "cost_by",
            {"group_by": "model", "since": "2026-11-20", "client_id": "acme"},
            "costs?group_by=model&since=2026-11-20T00%3A00%3A00%2B00%3A00&client_id=acme",
        ),
        ("cost_by", {"group_by": "pipeline"}, None),
        ("cost_by", {"project_id": "spring"}, None),
        ("cost_by", {"until": "2026-11-20"}, None),
    ],
)
def test_links_lead_to_the_same_list(tool: str, given: dict[str, Any], place: str | None) -> None:
    """The site's filters have names of their own; where it has none, there is no link."""
    found = Api(jobs=[page()], errors=[page()], trends=[trends({})]).ask(tool, **given)
    assert found["link"] == (None if place is None else f"https://ledger.example/#/{place}")
