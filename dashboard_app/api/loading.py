"""Loading what a page needs, with something to look at if it takes a while."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard_app.api.http_client import Question
from dashboard_app.api.response_cache import Answers

_AT_ONCE = 8


def load(answers: Answers, questions: Sequence[Question], what: str) -> None:
    """Get the answers: behind a spinner, and behind a progress bar where there are many."""
    if answers.is_fresh(questions):
        return
    if len(questions) <= _AT_ONCE:
        with st.spinner(f"Loading {what} …", show_time=True):
            answers.load(questions)
        return
    bar = st.progress(0.0, f"Loading {what} …")
    for first in range(0, len(questions), _AT_ONCE):
        bar.progress(first / len(questions), f"Loading {what}: {first} of {len(questions)} …")
        answers.load(questions[first : first + _AT_ONCE])
    bar.empty()
