"""The entry script: it shows the sidebar and then the page."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from html import escape
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from dashboard_app import clock
from dashboard_app.api.api_requests import CLIENTS
from dashboard_app.api.http_client import ApiClient
from dashboard_app.api.loading import make_place, spinner
from dashboard_app.api.problems import ApiProblem, NothingFound, RequestRefused, SignInEnded
from dashboard_app.api.response_cache import ResponseCache
from dashboard_app.app_settings import AppSettings, app_settings
from dashboard_app.context import PageContext, put
from dashboard_app.filters import address, choices
from dashboard_app.filters.declared import CLIENT
from dashboard_app.filters.period import ask_period, ways_out
from dashboard_app.filters.zone import ask_zone, name_own_zone
from dashboard_app.session import SessionKey
from dashboard_app.sign_in import signing_in
from dashboard_app.sign_in.signing_in import Analyst, signed_in
from dashboard_app.ui import panels
from dashboard_app.ui.plain_text import plain

HERE = Path(__file__).parent
LOGO = HERE / "logo.svg"
PAGES = (
    ("trends", "trends", "Trends", ":material/monitoring:"),
    ("jobs", "jobs", "Jobs", ":material/list_alt:"),
    ("errors", "failures", "Errors", ":material/error:"),
    ("incidents", "incidents", "Incidents", ":material/notifications_active:"),
    ("projects", "projects", "Projects", ":material/flag:"),
    ("clients", "clients", "Clients", ":material/groups:"),
    ("cost", "cost", "Cost", ":material/payments:"),
)
# Pages that a link leads to, and not the navigation.
HIDDEN = (("job", "job", "Job", ":material/work:"),)
_WITHOUT_PERIOD = {"projects", "clients", "job"}  # what these pages show is of all time
SIDEBAR_PIXELS = 300  # as in browser/style.css


def main() -> None:
    """Run the page that the address names, or show why there is none."""
    st.set_page_config(
        "Run Ledger · Analysts", page_icon=LOGO, layout="wide", initial_sidebar_state=SIDEBAR_PIXELS
    )
    pages = {
        name: st.Page(
            HERE / "pages" / folder / "page.py",
            title=title,
            icon=icon,
            url_path=name,
            default=name == "trends",
            visibility="hidden" if (name, folder, title, icon) in HIDDEN else "visible",
        )
        for name, folder, title, icon in (*PAGES, *HIDDEN)
    }
    settings, analyst = app_settings(), signed_in()
    in_use = settings is not None and analyst is not None
    page = st.navigation(list(pages.values()), position="top" if in_use else "hidden")
    st.logo(LOGO, size="large")
    if settings is None:
        panels.not_set_up()
    elif analyst is None:
        st.session_state.pop(SessionKey.API, None)
        panels.signed_out()
    elif analyst.has_expired:
        panels.sign_in_again(analyst)
    else:
        _show(page, pages, settings, analyst)


def _show(page: Page, pages: Mapping[str, Page], settings: AppSettings, analyst: Analyst) -> None:
    api = _api(settings, analyst)
    try:
        name_own_zone()
        address.explain(page.url_path)
        with st.sidebar:
            filters = st.container()  # first of all: what comes later would be moved by it
            st.space("small")
        make_place()
        st.title(page.title)
        with filters:
            context = _context(api, settings, analyst, page, pages)
        for note in context.notes if page.url_path not in _WITHOUT_PERIOD else ():
            st.info(note, icon=":material/event_busy:")
        put(context)
        page.run()
    except SignInEnded:
        panels.sign_in_again(analyst)
    except ApiProblem as error:
        panels.problem(error)
        if isinstance(error, RequestRefused):
            ways_out()
    finally:
        with st.sidebar:
            _account(api, settings, analyst)


def _context(
    api: ResponseCache,
    settings: AppSettings,
    analyst: Analyst,
    page: Page,
    pages: Mapping[str, Page],
) -> PageContext:
    """Ask for the filters of all pages; return the context of the page that is to run."""
    now = clock.now()
    zone = ask_zone()
    period, notes = ask_period(now, zone)
    with spinner("clients"):
        # Side by side: nobody waits for one after the other. What is refused or not there, the
        # page asks for again, and tells it beside its filters.
        with suppress(RequestRefused, NothingFound):
            if page is pages["jobs"]:
                api.load([CLIENTS, *choices.requests(period, CLIENT.held_now())])
            elif page is pages["trends"]:
                api.load([CLIENTS, choices.first_trends(period)])
        clients, _ = api.items(CLIENTS)
    return PageContext(
        api=api,
        settings=settings,
        now=now,
        zone=zone,
        period=period,
        notes=notes,
        client_id=CLIENT.ask([one["client_id"] for one in clients]),
        pages=pages,
        is_empty=not any(one["jobs"]["total"] for one in clients),
        is_staff=analyst.is_staff,
    )


def _api(settings: AppSettings, analyst: Analyst) -> ResponseCache:
    """Return the session's responses; a new cache for another person or another token."""
    kept = st.session_state.get(SessionKey.API)
    owner = f"{analyst.subject} {analyst.token}"
    if not isinstance(kept, ResponseCache) or kept.owner != owner:
        kept = ResponseCache(ApiClient(settings.api_url, analyst.token), owner)
        st.session_state[SessionKey.API] = kept
    return kept


def _account(api: ResponseCache, settings: AppSettings, analyst: Analyst) -> None:
    signing_in.watch()
    if settings.demo:
        st.badge("Demo: made-up data", icon=":material/science:", color="violet")
    st.button(
        "Refresh",
        icon=":material/refresh:",
        help="Data are up to half a minute old.",
        on_click=api.forget,
    )
    st.divider()
    # As HTML, for Markdown makes a link of an address.
    st.html(f"<small>{escape(analyst.email)}</small>")
    st.caption(plain(analyst.sees))
    st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=signing_in.leave)
    if settings.site_url:
        st.link_button(
            "The site", settings.site_url, icon=":material/open_in_new:", type="tertiary"
        )


main()
