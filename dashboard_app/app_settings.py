"""What the app is told of the ledger that it looks at: the `[run_ledger]` part of its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st


@dataclass(frozen=True)
class Settings:
    """The ledger: where its API is, and how people reach and feed it."""

    api_url: str
    site_url: str = ""
    stage: str = ""
    event_bus: str = ""
    aws_endpoint_url: str = ""
    demo: bool = False


def settings() -> Settings | None:
    """Return what the secrets say; None where they don't say where the API is."""
    try:
        told: Mapping[str, Any] = st.secrets["run_ledger"]
        return Settings(
            api_url=str(told["api_url"]),
            site_url=str(told.get("site_url", "")),
            stage=str(told.get("stage", "")),
            event_bus=str(told.get("event_bus", "")),
            aws_endpoint_url=str(told.get("aws_endpoint_url", "")),
            demo=bool(told.get("demo", False)),
        )
    except (KeyError, FileNotFoundError):
        return None
