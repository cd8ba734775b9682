"""The settings of the app: the `[run_ledger]` part of its secrets file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st


@dataclass(frozen=True)
class AppSettings:
    """Where the ledger's API is, and what else pages say about the ledger."""

    api_url: str
    site_url: str = ""
    event_bus: str = ""
    aws_endpoint_url: str = ""
    demo: bool = False
    stage: str = ""


def app_settings() -> AppSettings | None:
    """Return the settings; None where the secrets do not name an API."""
    try:
        given: Mapping[str, Any] = st.secrets["run_ledger"]
        names = ("site_url", "event_bus", "aws_endpoint_url", "stage")
        texts = {name: str(given.get(name, "")) for name in names}
        return AppSettings(str(given["api_url"]), demo=bool(given.get("demo", False)), **texts)
    except (KeyError, FileNotFoundError):
        return None
