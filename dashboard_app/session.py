"""Keys of what a session keeps and no link carries."""

from __future__ import annotations

from enum import StrEnum


class SessionKey(StrEnum):
    """Keys of `st.session_state`. Filters have keys of their own: their names in the address."""

    API = "api"
    CONTEXT = "context"
    FOCUS_CHART = "focus_chart"
    GOES_ON = "goes_on"
    JOBS_WANTED = "jobs_wanted"
    LINK_COMPLAINTS = "link_complaints"
    PAGE = "page"
