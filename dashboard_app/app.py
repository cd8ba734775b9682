"""The app as a server runs it: `streamlit run dashboard_app/app.py`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from dashboard_app import discovery
from dashboard_app.returning import ReturnToPage

app = st.App(
    Path(__file__).with_name("main.py"),
    routes=[Route(discovery.PATH, discovery.show)],
    middleware=[Middleware(ReturnToPage)],
)
