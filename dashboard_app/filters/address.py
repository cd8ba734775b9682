"""What an address says: which parts are not valid, and what filters take from a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard_app.filters.declared import SHARED, parts_of
from dashboard_app.filters.kinds import AddressPart, Choice
from dashboard_app.session import SessionKey
from dashboard_app.ui.plain_text import plain

_LONGEST = 80
_STREAMLITS_OWN = frozenset({"embed", "embed_options"})


def link(parts: Mapping[AddressPart, object]) -> dict[str, Any]:
    """Return the query of a link within the app: a value for each part that has one."""
    return {part.name: value for part, value in parts.items() if value}


def shared() -> dict[AddressPart, object]:
    """Return what the address holds of the filters that all pages share."""
    return {part: st.query_params.get_all(part.name) for part in SHARED}


def without(part: AddressPart) -> dict[str, list[str]]:
    """Return the address as the query of a link, without a part."""
    return {name: st.query_params.get_all(name) for name in st.query_params if name != part.name}


def complaints(address: Mapping[str, Sequence[str]], page: str = "") -> list[str]:
    """Return what is wrong with each part of a page's address that is not valid."""
    found, parts = [], parts_of(page)
    for name, values in address.items():
        part = parts.get(name)
        if name in _STREAMLITS_OWN:
            continue
        if part is None:
            found.append(f"nothing here is called {_shortened(name)}")
        elif not part.accepts(values):
            given = ", ".join(_shortened(value) for value in values)
            choice = ", ".join(part.options) if isinstance(part, Choice) else ""
            found.append(f"{name}={given} is not {part.allowed or f'one of {choice}'}")
    return found


def explain(page: str) -> None:
    """Show which parts of the address are ignored."""
    for name, part in parts_of(page).items():
        values = st.query_params.get_all(name)
        meant = [*part.corrected(values)]
        if meant != values:
            st.query_params[name] = meant
            notes = st.session_state.setdefault(SessionKey.LINK_NOTES, [])
            notes.extend(_turned_round(name, values, meant))
            st.rerun()  # as Streamlit takes what a widget holds from the address of a run's start
    address: Mapping[str, Sequence[str]] = {
        name: st.query_params.get_all(name) for name in st.query_params
    }
    if _is_new(page):
        address = _last_values(address)
        _adopt(address)
    for note in st.session_state.pop(SessionKey.LINK_NOTES, []):
        st.info(plain(note), icon=":material/swap_horiz:")
    found = complaints(address, page)
    if found:
        lines = "".join(f"\n- {plain(one)}" for one in found)
        st.warning(
            "**Part of this link can't be understood.** The usual value is shown instead:" + lines,
            icon=":material/link_off:",
        )


def _turned_round(name: str, values: Sequence[str], meant: Sequence[str]) -> list[str]:
    """Return what to say where values were given in the wrong order; former words need no note."""
    if sorted(values) != list(meant):
        return []
    asked = " to ".join(values)
    return [f"The link asks for {name} {asked}, which end before they begin: shown in their order."]


def _is_new(page: str) -> bool:
    """Return whether a link within the app has led from another page to this one."""
    before = st.session_state.get(SessionKey.PAGE, page)
    st.session_state[SessionKey.PAGE] = page
    return bool(page != before)


def _last_values(address: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return the address with the link's values alone for each filter that all pages share.

    Streamlit keeps what these filters hold, and puts the link's values behind theirs.
    """
    most = {part.name: part.most_values for part in SHARED}
    return {name: values[-most.get(name, len(values)) :] for name, values in address.items()}


def _adopt(address: Mapping[str, Sequence[str]]) -> None:
    """Set the filters that all pages share to what the address says."""
    for part in SHARED:
        values = address.get(part.name)
        if values and part.accepts(values):
            st.session_state[part.name] = part.held(values)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
