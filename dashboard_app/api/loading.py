"""Loading responses behind a spinner or a progress bar."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.response_cache import AT_ONCE, ResponseCache


def load(api: ResponseCache, requests: Sequence[ApiRequest], what: str) -> None:
    """Load responses behind a spinner; behind a progress bar where there are more than eight.

    Raise the first ApiProblem.
    """
    if api.is_fresh(requests):
        return
    if len(requests) <= AT_ONCE:
        with st.spinner(f"Loading {what} …", show_time=True):
            api.load(requests)
        return
    bar = st.progress(0.0, f"Loading {what} …")
    for first in range(0, len(requests), AT_ONCE):
        bar.progress(first / len(requests), f"Loading {what}: {first} of {len(requests)} …")
        api.load(requests[first : first + AT_ONCE])
    bar.empty()
