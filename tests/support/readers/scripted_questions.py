"""Questions that people ask of the ledger of `asked`, with what a recount of it answers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.support.readers.asked import ORDER, WORK, job_id
from tests.support.readers.reading import NOW

from run_ledger.domain.instants import HOUR, later, text

DAY, WEEK = 24, 7 * 24
SINCE, UNTIL = "2026-11-15T15:00:00Z", "2026-11-22T15:00:00Z"


def ended(hours: int, first: int = 0) -> list[tuple[Any, ...]]:
    """Return the work that ended within so many hours, and not within the *first* of them."""
    return [one for one in WORK if first <= one[0] < hours]


def cost(work: list[tuple[Any, ...]]) -> str:
    """Return what some work cost in dollars, as exact text."""
    total = Decimal(sum(one[6] for one in work)) / 1_000_000
    return format(total.normalize(), "f")


def by(place: int, work: list[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return work in groups."""
    groups: dict[str, list[tuple[Any, ...]]] = {}
    for one in work:
        groups.setdefault(one[place], []).append(one)
    return groups


def of(place: int, name: str) -> list[str]:
    """Return the ids of the jobs of a client, project and so on, the newest first."""
    return [job_id(number) for number, one in enumerate(WORK) if one[place] == name]


def ids(found: dict[str, Any]) -> list[str]:
    """Return the ids of the jobs that an answer lists."""
    return [one["job_id"] for one in found["jobs"]]


def costs(found: dict[str, Any]) -> dict[str, str]:
    """Return what each group cost, in the answer's order."""
    return {_name(one["group"]): one["cost_usd"] for one in found["groups"]}


def proof(found: dict[str, Any]) -> tuple[int, int, list[str]]:
    """Return how many recounts there were, how many differ, and which jobs."""
    differing = [one["job_id"] for one in found["differing_jobs"]]
    return found["recounts"], found["differences"], differing


def opened(found: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return of each incident since when it is, whose, and whether by a rule of staff."""
    return [(one["since"], one["client_id"], one["of_staff"]) for one in found["incidents"]]


def place(found: dict[str, Any]) -> str:
    """Return where an answer's link leads to on the site, whichever that is."""
    return str(found["link"]).partition("#")[2]


def since(hours: int) -> str:
    """Return the time so many hours ago, as the API writes it."""
    return text(later(NOW, -hours * HOUR))


def _name(group: Any) -> str:
    return str(group["producer_text"] if isinstance(group, dict) else group)


def dearest(place: int, work: list[tuple[Any, ...]]) -> dict[str, str]:
    """Return what each group cost, the dearest first."""
    groups = by(place, work)
    names = sorted(groups, key=lambda name: (-sum(one[6] for one in groups[name]), name))
    return {name: cost(groups[name]) for name in names}


LAST_DAY, LAST_WEEK, WEEK_BEFORE = ended(DAY), ended(WEEK), ended(2 * WEEK, WEEK)
MINE = [one for one in LAST_WEEK if one[1] == "acme"]

# Each: what a person asks, the tool and its arguments, where it is told, and what is right.
ASKED: tuple[tuple[str, str, dict[str, Any], Callable[[Any], Any], Any], ...] = (
    ("How many jobs ended today?", "what_is_wrong_now", {}, lambda a: a["period"]["ended"], 5),
    ("How many failed today?", "what_is_wrong_now", {}, lambda a: a["period"]["failed"], 2),
    ("Were there partial ones?", "what_is_wrong_now", {}, lambda a: a["period"]["partial"], 1),
    ("What runs now?", "what_is_wrong_now", {}, lambda a: a["now"]["running"], 1),
    (
        "What did today cost?",
        "what_is_wrong_now",
        {},
        lambda a: a["period"]["used"]["cost_usd"],
        cost(LAST_DAY),
    ),
    ("And yesterday?", "what_is_wrong_now", {}, lambda a: a["previous_period"]["ended"], 1),
    (
        "Is a project overdue?",
        "what_is_wrong_now",
        {},
        lambda a: [one["project"]["project_id"] for one in a["needs_attention"] if one["project"]],
        ["spring"],
    ),
    (
        "Which errors came today?",
        "what_is_wrong_now",
        {},
        lambda a: [one["jobs"] for one in a["error_groups"]],
        [2],
    ),
    ("How is Acme?", "what_is_wrong_now", {"client_id": "acme"}, lambda a: a["period"]["ended"], 3),
    (
        "How was the week?",
        "what_is_wrong_now",
        {"period": "7d"},
        lambda a: a["period"]["ended"],
        len(LAST_WEEK) + 1,
    ),
    ("Which jobs failed?", "find_jobs", {"result": ["failed"]}, ids, ["job-1", "job-3", "job-5"]),
    (
        "Failed for Acme?",
        "find_jobs",
        {"result": ["failed"], "client_id": "acme"},
        ids,
        ["job-1", "job-5"],
    ),
    (
        "Yesterday's or today's?",
        "find_jobs",
        {"ended_from": "2026-11-22T10:00:00Z", "result": ["failed", "partial"]},
        ids,
        ["job-1", "job-2"],
    ),
    ("The job called Work 3?", "find_jobs", {"q": "WORK 3"}, ids, ["job-3"]),
    ("What does the crawl do?", "find_jobs", {"pipeline": "crawl"}, ids, of(3, "crawl")),
    ("The spring jobs?", "find_jobs", {"project_id": "spring"}, ids, of(2, "spring")),
    (
        "The dearest job?",
        "find_jobs",
        {"sort": "cost", "limit": 1, "created_from": SINCE},
        ids,
        ["job-1"],
    ),
    ("By tag?", "find_jobs", {"tag": f"team:{ORDER}"}, ids, ["runs"]),
    ("Is anything stalled?", "find_jobs", {"stalled": True}, ids, []),
    (
        "What did job 1 cost?",
        "explain_job",
        {"job_id": "job-1"},
        lambda a: a["job"]["used"]["cost_usd"],
        "3",
    ),
    (
        "How did job 2 end?",
        "explain_job",
        {"job_id": "job-2"},
        lambda a: a["attempts"][-1]["result"],
        "partial",
    ),
    (
        "Its newest event?",
        "explain_job",
        {"job_id": "job-2"},
        lambda a: a["newest_events"][0]["delta"],
        {"records_ok": 10},
    ),
    (
        "What parts has it?",
        "explain_job",
        {"job_id": "runs"},
        lambda a: a["parts_by_outcome"],
        {"succeeded": 1},
    ),
    (
        "Why did job 1 fail?",
        "why_did_it_fail",
        {"job_id": "job-1"},
        lambda a: a["failed_attempts"][0]["error"]["type"]["producer_text"],
        "RateLimit",
    ),
    (
        "Since when?",
        "why_did_it_fail",
        {"job_id": "job-1"},
        lambda a: a["error_group"]["first_seen_at"][:13],
        "2026-11-14T06",
    ),
    (
        "Which others?",
        "why_did_it_fail",
        {"job_id": "job-1"},
        lambda a: [one["job_id"] for one in a["other_jobs_with_it"]],
        ["job-5"],
    ),
    (
        "Did job 0 fail?",
        "why_did_it_fail",
        {"job_id": "job-0"},
        lambda a: (a["has_failed"], a["error_group"]),
        (False, None),
    ),
    (
        "Errors this week?",
        "error_groups",
        {},
        lambda a: [one["jobs"] for one in a["error_groups"]],
        [2],
    ),
    ("Whose?", "error_groups", {}, lambda a: a["error_groups"][0]["clients"], ["acme", "globex"]),
    (
        "New since the 20th?",
        "error_groups",
        {"since": "2026-11-20", "only_new": True},
        lambda a: a["error_groups"],
        [],
    ),
    (
        "New since the 10th?",
        "error_groups",
        {"since": "2026-11-10", "only_new": True},
        lambda a: len(a["error_groups"]),
        1,
    ),
    (
        "More than last week?",
        "compare_periods",
        {},
        lambda a: (a["groups"][0]["period"]["failed"], a["groups"][0]["previous_period"]["failed"]),
        (2, 1),
    ),
    (
        "Whose grew?",
        "compare_periods",
        {"group_by": "client"},
        lambda a: {
            one["group"]: (one["period"]["ended"], one["previous_period"]["ended"])
            for one in a["groups"]
        },
        {"acme": (3, 1), "globex": (3, 0), "hooli": (0, 1)},
    ),
    (
        "Acme's cost by model?",
        "cost_by",
        {"client_id": "acme", "group_by": "model"},
        costs,
        {**dearest(7, MINE), "without a model": "0"},
    ),
    (
        "Cost by client?",
        "cost_by",
        {"group_by": "client", "since": SINCE, "until": UNTIL},
        costs,
        dearest(1, LAST_WEEK),
    ),
    ("Cost by project?", "cost_by", {"group_by": "project"}, costs, dearest(2, LAST_WEEK)),
    ("And in all?", "cost_by", {}, costs, {"": cost(LAST_WEEK)}),
    (
        "How far is spring?",
        "projects",
        {"client_id": "acme"},
        lambda a: (a["projects"][0]["jobs_done"], a["projects"][0]["jobs_expected"]),
        (1, 10),
    ),
    (
        "What is overdue?",
        "projects",
        {"overdue": True},
        lambda a: [one["project_id"] for one in a["projects"]],
        ["spring"],
    ),
    (
        "Whom do we have?",
        "find_clients",
        {},
        lambda a: [one["client_id"] for one in a["clients"]],
        ["acme", "globex", "hooli"],
    ),
    (
        "How many incidents are open?",
        "what_is_wrong_now",
        {},
        lambda a: (a["incidents"]["open"], len(a["incidents"]["newest"]), place(a["incidents"])),
        (2, 2, "/incidents"),
    ),
    (
        "What is open, and since when?",
        "find_incidents",
        {},
        opened,
        [(since(1), "acme", True), (since(2), "acme", False)],
    ),
    (
        "Does somebody look after it?",
        "find_incidents",
        {"pipeline": "texts"},
        lambda a: [
            None if one["acknowledged_by"] is None else one["acknowledged_by"]["producer_text"][:6]
            for one in a["incidents"]
        ],
        [None, "Ignore"],
    ),
    (
        "What was wrong with Globex?",
        "find_incidents",
        {"client_id": "globex", "state": "any"},
        lambda a: [
            (one["state"], one["closed_because"], one["jobs"], place(a)) for one in a["incidents"]
        ],
        [
            (
                *("closed", "healed", 1),
                "/incidents?client_id=globex&state=all",
            )
        ],
    ),
    (
        "Since noon?",
        "find_incidents",
        {"opened_from": since(1), "what": "failed"},
        opened,
        [(since(1), "acme", True)],
    ),
    ("Missed runs?", "find_incidents", {"what": "missed"}, lambda a: a["incidents"], []),
    ("Are the figures proved?", "is_it_proved", {}, proof, (9, 1, ["job-3"])),
    ("And Acme's?", "is_it_proved", {"client_id": "acme"}, proof, (4, 0, [])),
)
