"""Colour keys: what each colour of a chart means, in words that wrap and are never cut."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard_app.charts.measures import BEFORE


def colour_key(colours: Mapping[str, str]) -> None:
    """Show the colour of each word, in as many lines as are needed; a dashed line is dashed."""
    items = "".join(
        f"<span>{_swatch(colour, is_dashed=name == BEFORE)}{html.escape(name)}</span>"
        for name, colour in colours.items()
    )
    st.html(f'<div class="colour-key">{items}</div>')


def _swatch(colour: str, *, is_dashed: bool) -> str:
    if is_dashed:
        return f'<i class="dashed" style="border-color:{colour}"></i>'
    return f'<i style="background:{colour}"></i>'


def take_key(document: dict[str, Any]) -> dict[str, str]:
    """Take the legends of colours out of a specification; return the colour of each word.

    Vega cuts the words of a legend that has no room for them.
    """
    found: dict[str, str] = {}
    colour = document.get("encoding", {}).get("color")
    if isinstance(colour, dict) and colour.get("legend"):
        scale = colour.get("scale") or {}
        if "domain" in scale and "range" in scale:
            colour["legend"] = None
            found = dict(zip(scale["domain"], scale["range"], strict=True))
    for part in document.get("layer", ()):
        found |= take_key(part)
    return found
