"""The app as a server runs it: `streamlit run dashboard_app/app.py`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from dashboard_app import warming
from dashboard_app.browser.page_look import PageLook
from dashboard_app.browser.response_headers import ResponseHeaders
from dashboard_app.sign_in import discovery, refresh_tokens
from dashboard_app.sign_in.returning import ReturnToPage


async def first_page(request: Request) -> RedirectResponse:
    """Redirect /trends to the root, where Streamlit has the first page."""
    query = request.url.query
    return RedirectResponse(f"./?{query}" if query else "./")


warming.warm()
app = st.App(
    Path(__file__).with_name("main.py"),
    routes=[
        Route(discovery.PATH, discovery.show),
        Route(refresh_tokens.PATH, refresh_tokens.exchange, methods=["POST"]),
        Route("/trends", first_page),
    ],
    middleware=[Middleware(ResponseHeaders), Middleware(PageLook), Middleware(ReturnToPage)],
)
