"""The question of what is wrong now."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from .about_incidents import open_incidents
from .about_jobs import Id
from .about_periods import COUNTED, project
from .asking import Asking, Json, Query
from .shaping import group, job, said, used, without


class WhatIsWrong(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which client, and how far back."""

    client_id: Id | None = None
    period: Literal["24h", "7d", "30d"] = "24h"


def what_is_wrong_now(asking: Asking, given: WhatIsWrong) -> Json:
    """Return what needs attention, with the figures of the period and of the one before."""
    query: Query = {"client_id": given.client_id, "period": given.period}
    found = asking.ask("/overview", query)
    totals = found["totals"]
    return {
        "as_of": found["as_of"],
        "since": found["since"],
        "now": {name: totals[name] for name in ("running", "queued", "stalled", "last_event_at")},
        "period": _figures(totals),
        "previous_period": {"since": found["previous_since"], **_figures(totals["previous"])},
        "needs_attention": [
            {
                "why": each["why"],
                "job": None if each["job"] is None else job(asking, each["job"]),
                "project": None if each["project"] is None else project(asking, each["project"]),
            }
            for each in found["attention"]
        ],
        "incidents": open_incidents(asking, found["incidents"], given.client_id),
        "error_groups": [group(each) for each in found["errors"]["groups"]],
        "error_groups_since": found["errors"]["since"],
        "more_error_groups": found["errors"]["more"],
        "error_groups_left_out": without(found["errors"]["left_out"]),
        "clients": [
            {
                "client_id": each["client_id"],
                "name": said(each["name"]),
                "ended": each["ended"],
                "failed_or_timed_out": each["failed"] + each["timed_out"],
                "partial": each["partial"],
                "error_rate": each["error_rate"],
                "previous_error_rate": each["previous"]["error_rate"],
            }
            for each in found["clients"]
        ],
        "clients_left_out": without(found["left_out"]),
        "link": _overview_link(asking, given),
    }


def _overview_link(asking: Asking, given: WhatIsWrong) -> str | None:
    """Return the address of the overview of the same period; the site has none of one client."""
    place = "overview" if given.period == "24h" else f"overview?period={given.period}"
    return None if given.client_id else asking.link(place)


def _figures(figures: Json) -> Json:
    return {
        **{name: figures[name] for name in COUNTED},
        "error_rate": figures["error_rate"],
        "used": used(figures["counters"]),
    }
