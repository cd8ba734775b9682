"""Messages in place of data: signed out, refused, failing, empty, not set up."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard_app import words
from dashboard_app.api.problems import AccessRefused, ApiProblem, SignInEnded
from dashboard_app.app_settings import AppSettings
from dashboard_app.sign_in import signing_in
from dashboard_app.sign_in.signing_in import Analyst
from dashboard_app.ui.plain_text import plain

_MOST_NAMES = 5


def signed_out() -> None:
    """Show the page of somebody who is not signed in."""
    with st.container(key="signed-out"):
        st.title("Run Ledger for analysts")
        st.markdown(
            "See throughput, error rates, durations, tokens and cost of your pipelines over time, "
            "compare them, and export them."
        )
        st.button("Sign in", type="primary", icon=":material/login:", on_click=signing_in.enter)
        st.caption("You come back to this page, with the filters that are in its address.")


def sign_in_again(analyst: Analyst | None) -> None:
    """Go to the sign-in page, unless the refused sign-in is new: another would be refused, too."""
    if analyst is not None and analyst.is_new and not analyst.has_expired:
        st.error(
            "**The API does not accept this sign-in.** It was made a moment ago, so signing in "
            "again would not help: the app and the API may be set up for different user pools.",
            icon=":material/error:",
        )
    else:
        st.warning(
            f"**{SignInEnded.title}.** {SignInEnded.advice}", icon=":material/hourglass_disabled:"
        )
        signing_in.enter()
    st.button("Sign in again", icon=":material/login:", on_click=signing_in.enter)


def problem(error: ApiProblem) -> None:
    """Show what is wrong and what helps."""
    icon = ":material/lock:" if isinstance(error, AccessRefused) else ":material/error:"
    show = st.warning if isinstance(error, AccessRefused) else st.error
    show(f"**{error.title}.** {plain(str(error))}  \n{error.advice}", icon=icon)
    st.button("Try again", icon=":material/refresh:")


def not_set_up() -> None:
    """Show the operator what is missing."""
    st.title("Run Ledger for analysts")
    st.error("**This app has not been told which ledger it looks at.**", icon=":material/settings:")
    st.markdown(
        "It is started by `make run` beside the site, or against a deployed stage by "
        "`run-ledger dashboard --stage NAME`. Both write its secrets file."
    )


def nothing_here(what: str, hint: str = "Choose a longer period, or remove a filter.") -> None:
    """Show that there is nothing to show."""
    st.info(f"**{what}** {hint}", icon=":material/search_off:")


def lower_bound(sums: pd.DataFrame) -> None:
    """Say so where costs lack that of some calls of models, which nobody knew."""
    unpriced = int(sums["llm_calls_unpriced"].sum())
    if unpriced:
        st.caption(
            f"Nobody knows the cost of {words.counted(unpriced, 'model call')}: "
            "all costs here are at least what is shown."
        )


def left_out(documents: Iterable[Mapping[str, Any]]) -> None:
    """Say whom the figures are without, where `left_out` of any of the API's answers names some."""
    found = [one["left_out"] for one in documents if one.get("left_out")]
    if not found:
        return
    names = sorted({name for one in found for name in (*one["clients"], *one["projects"])})
    shown = ", ".join(plain(name) for name in names[:_MOST_NAMES])
    more = " and more" if max(one["count"] for one in found) > _MOST_NAMES else ""
    st.warning(
        f"**These figures are without {shown or 'some clients'}{more}.** They are too many, or "
        "were counted too often, for one answer of the API. Choose one of them in the sidebar to "
        "see its figures.",
        icon=":material/filter_alt:",
    )


def first_use(settings: AppSettings) -> None:
    """Show how to send the first event: the ledger has none that this person may see."""
    st.subheader("Nothing has been reported yet")
    st.markdown("A job appears here as soon as a pipeline posts its first event. From Python:")
    st.code(
        "from run_ledger.emit import RunLedger\n\n"
        f'ledger = RunLedger("{settings.event_bus or "BUS NAME"}")\n'
        'with ledger.job(client_id="acme", project_id="first-project") as job:\n'
        "    job.add(records_ok=1)\n",
        language="python",
        wrap_lines=True,
    )
    st.markdown("Or from a shell:")
    st.code(first_event(settings), language="bash", wrap_lines=True)
    st.caption("If you may see one client alone, use that client's id.")


def first_event(settings: AppSettings) -> str:
    """Return a command line that sends a first event."""
    about = {"job_id": "my-first-job", "project_id": "first-project", "client_id": "acme"}
    detail = {**about, "status": "running", "delta": {"records_ok": 3}}
    entry = {
        "EventBusName": settings.event_bus or "BUS NAME",
        "Source": "my.pipeline",
        "DetailType": "job_update",
        "Detail": json.dumps(detail, separators=(",", ":")),
    }
    local = ["--endpoint-url", settings.aws_endpoint_url] if settings.aws_endpoint_url else []
    entries = json.dumps([entry], separators=(",", ":"))
    return shlex.join(["aws", "events", "put-events", *local, "--entries", entries])
