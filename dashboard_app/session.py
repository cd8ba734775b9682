"""Names of what a session and a link hold, in one place."""

from __future__ import annotations

from enum import StrEnum


class SessionKey(StrEnum):
    """Keys of `st.session_state` that no link carries."""

    ANSWERS = "answers"
    DESK = "desk"
    FOCUS_CHART = "focus_chart"
    GOES_ON = "goes_on"
    JOBS_WANTED = "jobs_wanted"
    LINK_COMPLAINTS = "link_complaints"
    PAGE = "page"


class Param(StrEnum):
    """Names in a page's address: whoever opens the link sees the same analysis.

    Widgets that are bound to the address have them as keys.
    """

    SPAN = "span"
    DAYS = "days"
    INTERVAL = "interval"
    ZONE = "tz"
    UTC_DAYS = "utcdays"
    CLIENT = "client"
    PROJECT = "project"
    PIPELINE = "pipeline"
    GROUP = "by"
    PREVIOUS = "previous"
    FOCUS = "focus"
    STATUS = "status"
    RESULT = "result"
    STALLED = "stalled"
    SEARCH = "q"
    JOB = "job"
    ERROR = "error"
    ONE = "one"
    OTHER = "other"
    STANDING = "standing"
    DIFFERENCES = "differences"
