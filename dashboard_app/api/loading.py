"""Loading responses behind a spinner or a progress bar, which have a place of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import streamlit as st

from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.response_cache import AT_ONCE, ResponseCache
from dashboard_app.session import SessionKey


def make_place() -> None:
    """Make the place of spinners on this page, which takes no room: nothing moves when one comes.

    It is made in each run, so that the elements after it keep their numbers, by which Streamlit
    knows them again.
    """
    with st.container(key="busy"):
        st.session_state[SessionKey.BUSY] = st.empty()


@contextmanager
def spinner(what: str) -> Iterator[None]:
    """Show that something is being loaded, and for how long."""
    with _place(), st.spinner(f"Loading {what} …", show_time=True):
        yield


def caption(text: str) -> None:
    """Show how far a list is loaded; without a text show nothing."""
    place = _place()
    if text:
        place.caption(text)
    else:
        place.empty()


def load(api: ResponseCache, requests: Sequence[ApiRequest], what: str) -> None:
    """Load responses behind a spinner; behind a progress bar where there are more than eight.

    Raise the first ApiProblem.
    """
    if api.is_fresh(requests):
        return
    if len(requests) <= AT_ONCE:
        with spinner(what):
            api.load(requests)
        return
    place = _place()
    bar = place.progress(0.0, f"Loading {what} …")
    for first in range(0, len(requests), AT_ONCE):
        bar.progress(first / len(requests), f"Loading {what}: {first} of {len(requests)} …")
        api.load(requests[first : first + AT_ONCE])
    place.empty()


def _place() -> Any:
    return st.session_state[SessionKey.BUSY]
