"""Cards: a chart under its name, with what may be taken away beside that, and keys of colours."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


@contextmanager
def card(name: str, title: str) -> Iterator[DeltaGenerator]:
    """Open a card; give its head, in which there is room at the right."""
    with st.container(border=True, key=f"card-{name}"):
        head = st.container(horizontal=True, horizontal_alignment="distribute")
        head.markdown(f"**{title}**")
        yield head


def colour_key(colours: Mapping[str, str]) -> None:
    """Show which colour is whose: in full, in as many lines as there is need of."""
    items = "".join(
        f'<span><i style="background:{colour}"></i>{html.escape(name)}</span>'
        for name, colour in colours.items()
    )
    st.html(f'<div class="colour-key">{items}</div>')
