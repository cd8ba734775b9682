"""Keys of what a session keeps and no link carries."""

from __future__ import annotations

from enum import StrEnum


class SessionKey(StrEnum):
    """Keys of `st.session_state`. Filters have keys of their own: their names in the address."""

    API = "api"
    BUSY = "busy"
    CONTEXT = "context"
    FOCUS_CHART = "focus_chart"
    JOB_TO_OPEN = "job_to_open"
    JOBS_ADDRESS = "jobs_address"
    JOBS_WANTED = "jobs_wanted"
    LINK_NOTES = "link_notes"
    PAGE = "page"
    REFUSED_CHOICES = "refused_choices"
