"""The entry script: who looks, at which ledger, over which span; then the page."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import streamlit as st

from dashboard_app import filters, panels, signing_in
from dashboard_app.answers import Answers
from dashboard_app.api.client import ApiClient, question
from dashboard_app.api.problems import ApiProblem, SignInEnded
from dashboard_app.desk import Desk, put
from dashboard_app.session import SessionKey
from dashboard_app.settings import Settings, settings
from dashboard_app.signing_in import Caller, caller

HERE = Path(__file__).parent
LOGO = HERE / "logo.svg"
PAGES = (
    ("trends", "Trends", ":material/monitoring:"),
    ("jobs", "Jobs", ":material/list_alt:"),
    ("errors", "Errors", ":material/error:"),
    ("projects", "Projects", ":material/flag:"),
    ("clients", "Clients", ":material/groups:"),
    ("cost", "Cost", ":material/payments:"),
)
_CLIENTS = question("/clients", limit=100)


def main() -> None:
    """Lay the desk out and run the page, or say why there is none."""
    st.set_page_config("Run Ledger · Analysts", page_icon=LOGO, layout="wide")
    page = st.navigation(
        [
            st.Page(
                HERE / "views" / f"{name}.py",
                title=title,
                icon=icon,
                url_path=name,
                default=name == "trends",
            )
            for name, title, icon in PAGES
        ],
        position="top",
    )
    st.logo(LOGO, size="large")
    ledger, person = settings(), caller()
    if ledger is None:
        panels.not_set_up()
    elif person is None:
        panels.signed_out()
    elif person.has_expired:
        panels.sign_in_again(person)
    else:
        _show(page, ledger, person)


def _show(page: st.Page, ledger: Settings, person: Caller) -> None:
    try:
        with st.sidebar:
            desk = _desk(ledger, person)
            _account(desk)
        put(desk)
        if ledger.demo:
            st.caption(":material/science: The data is a demo's: made up, whatever it looks like.")
        page.run()
    except SignInEnded:
        panels.sign_in_again(person)
    except ApiProblem as error:
        panels.problem(error)
        with st.sidebar:
            _sign_out(person)


def _desk(ledger: Settings, person: Caller) -> Desk:
    now = datetime.now(UTC)
    answers = _answers(ledger, person)
    with st.spinner("Asking who there is …", show_time=True):
        clients, _ = answers.items(_CLIENTS)
    zone = filters.zone_filter()
    span = filters.span_filter(now, zone)
    client_id = filters.client_filter([one["client_id"] for one in clients])
    return Desk(
        answers=answers,
        caller=person,
        settings=ledger,
        now=now,
        zone=zone,
        span=span,
        client_id=client_id,
        is_empty=not any(one["jobs"]["total"] for one in clients),
    )


def _answers(ledger: Settings, person: Caller) -> Answers:
    """Return what this session was told; nothing of it serves another person, or another token."""
    kept = st.session_state.get(SessionKey.ANSWERS)
    owner = f"{person.subject} {person.token}"
    if not isinstance(kept, Answers) or kept.caller != owner:
        kept = Answers(ApiClient(ledger.api_url, person.token), owner)
        st.session_state[SessionKey.ANSWERS] = kept
    return kept


def _account(desk: Desk) -> None:
    if st.button("Ask anew", icon=":material/refresh:", help="Answers are kept for half a minute."):
        desk.answers.forget()
        st.rerun()
    _sign_out(desk.caller)
    if desk.settings.site_url:
        st.link_button(
            "The site", desk.settings.site_url, icon=":material/open_in_new:", type="tertiary"
        )


def _sign_out(person: Caller) -> None:
    st.divider()
    st.caption(f"{panels.plain(person.email)}  \nsees {panels.plain(person.sees)}")
    st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=signing_in.leave)


main()
