"""States that are no data: signed out, refused, failing, empty, not set up."""

from __future__ import annotations

import json
import re
import shlex

import streamlit as st

from dashboard_app.api.problems import ApiProblem, Forbidden, SignInEnded
from dashboard_app.app_settings import Settings
from dashboard_app.sign_in import signing_in
from dashboard_app.sign_in.signing_in import Caller

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&])")


def plain(text: str) -> str:
    """Return a text so that Markdown shows it as it is: it may come from anywhere."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def signed_out() -> None:
    """Greet, and offer the way in."""
    with st.container(key="signed-out"):
        st.title("Run Ledger for analysts")
        st.markdown(
            "Throughput, error rates, durations, tokens and cost of every pipeline that you may "
            "see: over time, compared, and to take away."
        )
        st.button("Sign in", type="primary", icon=":material/login:", on_click=signing_in.enter)
        st.caption("You come back to this page, with the filters that are in its address.")


def sign_in_again(caller: Caller | None) -> None:
    """Lead back to signing in; a sign-in that was just made would be refused again, so say that."""
    if caller is not None and caller.is_new and not caller.has_expired:
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
    """Say what is wrong and what helps."""
    icon = ":material/lock:" if isinstance(error, Forbidden) else ":material/error:"
    show = st.warning if isinstance(error, Forbidden) else st.error
    show(f"**{error.title}.** {plain(str(error))}  \n{error.advice}", icon=icon)
    st.button("Try again", icon=":material/refresh:")


def not_set_up() -> None:
    """Say what is missing to whoever runs the app."""
    st.title("Run Ledger for analysts")
    st.error("**This app has not been told which ledger it looks at.**", icon=":material/settings:")
    st.markdown(
        "It is started by `make run` beside the site, or against a deployed stage by "
        "`run-ledger dashboard --stage NAME`. Both write its secrets file."
    )


def nothing_here(what: str, hint: str = "Widen the span, or take a filter away.") -> None:
    """Say that a question has an empty answer."""
    st.info(f"**{what}** {hint}", icon=":material/search_off:")


def first_use(settings: Settings) -> None:
    """Say how the first event is sent: the ledger holds none that this person may see."""
    st.subheader("Nothing has been reported yet")
    st.markdown("A job appears here as soon as a pipeline posts its first event. From Python:")
    st.code(
        "from run_ledger.emit import RunLedger\n\n"
        f'ledger = RunLedger("{settings.event_bus or "BUS NAME"}")\n'
        'with ledger.job(client_id="acme", project_id="first-project") as job:\n'
        "    job.add(records_ok=1)\n",
        language="python",
    )
    st.markdown("Or from a shell:")
    st.code(first_event(settings), language="bash", wrap_lines=True)
    st.caption("Whoever sees one client's jobs alone uses that client's id.")


def first_event(settings: Settings) -> str:
    """Return a command line that posts a first event."""
    detail = {
        "job_id": "my-first-job",
        "project_id": "first-project",
        "client_id": "acme",
        "status": "running",
        "delta": {"records_ok": 3},
    }
    entry = {
        "EventBusName": settings.event_bus or "BUS NAME",
        "Source": "my.pipeline",
        "DetailType": "job_update",
        "Detail": json.dumps(detail, separators=(",", ":")),
    }
    local = ["--endpoint-url", settings.aws_endpoint_url] if settings.aws_endpoint_url else []
    entries = json.dumps([entry], separators=(",", ":"))
    return shlex.join(["aws", "events", "put-events", *local, "--entries", entries])
