"""The entry script: who looks, at which ledger, over which span; then the page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from dashboard_app import clock
from dashboard_app.api.endpoints import CLIENTS
from dashboard_app.api.http_client import ApiClient
from dashboard_app.api.problems import ApiProblem, BadQuestion, SignInEnded
from dashboard_app.api.response_cache import Answers
from dashboard_app.app_settings import Settings, settings
from dashboard_app.context import Desk, put
from dashboard_app.filters import address as checks
from dashboard_app.filters import period as common
from dashboard_app.session import SessionKey
from dashboard_app.sign_in import signing_in
from dashboard_app.sign_in.signing_in import Caller, caller
from dashboard_app.ui import panels

HERE = Path(__file__).parent
LOGO = HERE / "logo.svg"
PAGES = (
    ("trends", "trends", "Trends", ":material/monitoring:"),
    ("jobs", "jobs", "Jobs", ":material/list_alt:"),
    ("errors", "failures", "Errors", ":material/error:"),
    ("projects", "projects", "Projects", ":material/flag:"),
    ("clients", "clients", "Clients", ":material/groups:"),
    ("cost", "cost", "Cost", ":material/payments:"),
)
STYLE = HERE / "style.css"


def main() -> None:
    """Lay the desk out and run the page, or say why there is none."""
    st.set_page_config("Run Ledger · Analysts", page_icon=LOGO, layout="wide")
    pages = {
        name: st.Page(
            HERE / "pages" / folder / "page.py",
            title=title,
            icon=icon,
            url_path=name,
            default=name == "trends",
        )
        for name, folder, title, icon in PAGES
    }
    ledger, person = settings(), caller()
    in_use = ledger is not None and person is not None
    page = st.navigation(list(pages.values()), position="top" if in_use else "hidden")
    st.logo(LOGO, size="large")
    st.html(STYLE)
    if ledger is None:
        panels.not_set_up()
    elif person is None:
        panels.signed_out()
    elif person.has_expired:
        panels.sign_in_again(person)
    else:
        _show(page, pages, ledger, person)


def _show(page: Page, pages: Mapping[str, Page], ledger: Settings, person: Caller) -> None:
    has_begun = False
    try:
        checks.explain(page.url_path)
        with st.sidebar:
            desk = _desk(ledger, person, pages)
        put(desk)
        has_begun = True
        page.run()
    except SignInEnded:
        panels.sign_in_again(person)
    except ApiProblem as error:
        if not has_begun:
            st.title(page.title)
        panels.problem(error)
        if isinstance(error, BadQuestion):
            common.ways_out()
    finally:
        with st.sidebar:
            _account(ledger, person)


def _desk(ledger: Settings, person: Caller, pages: Mapping[str, Page]) -> Desk:
    now = clock.now()
    answers = _answers(ledger, person)
    with st.spinner("Asking who there is …", show_time=True):
        clients, _ = answers.items(CLIENTS)
    zone = common.zone_filter()
    span = common.span_filter(now, zone)
    client_id = common.client_filter([one["client_id"] for one in clients])
    return Desk(
        answers=answers,
        caller=person,
        settings=ledger,
        now=now,
        zone=zone,
        span=span,
        client_id=client_id,
        pages=pages,
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


def _account(ledger: Settings, person: Caller) -> None:
    if ledger.demo:
        st.badge("Demo: made-up data", icon=":material/science:", color="violet")
    st.button(
        "Ask anew",
        icon=":material/refresh:",
        help="Answers are kept for half a minute.",
        on_click=_answers(ledger, person).forget,
    )
    st.divider()
    # As HTML, for Markdown makes a link of an address.
    st.html(f"<small>{escape(person.email)}</small>")
    st.caption(f"sees {panels.plain(person.sees)}")
    st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=signing_in.leave)
    if ledger.site_url:
        st.link_button("The site", ledger.site_url, icon=":material/open_in_new:", type="tertiary")


main()
