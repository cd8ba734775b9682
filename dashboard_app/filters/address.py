"""What a link says that nobody can mean: it is left out by the widgets, and said here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from zoneinfo import available_timezones

import streamlit as st

from dashboard_app import words
from dashboard_app.filters import period as common
from dashboard_app.frames.columns import RESULTS
from dashboard_app.periods import PRESETS, read_moment
from dashboard_app.session import Param, SessionKey
from dashboard_app.ui import panels

_GROUPS = ("Nothing", "Client", "Project", "Pipeline")
_FLAGS = ("true", "false")
_LONGEST = 80
_MOST_DATES = 2
_STREAMLITS_OWN = frozenset({"embed", "embed_options"})


def complaints(address: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what is wrong with each part of an address that can't be understood."""
    found = []
    for name, values in address.items():
        if name in _STREAMLITS_OWN:
            continue
        if name not in [*Param]:
            found.append(f"nothing here is called {_said(name)}")
        elif name in _CHECKS and not _CHECKS[Param(name)](values):
            said = ", ".join(_said(value) for value in values)
            found.append(f"{name}={said} is no {_ALLOWED[Param(name)]}")
    return found


def explain(page: str) -> None:
    """Say what of the address is left out, where anything is.

    Widgets put the address right. A run that only goes on from the one before says it again.
    """
    address: Mapping[str, Sequence[str]] = {
        name: st.query_params.get_all(name) for name in st.query_params
    }
    if _is_new(page):
        address = _last_words(address)
        _adopt(address)
    goes_on = st.session_state.pop(SessionKey.GOES_ON, False)
    said = st.session_state.get(SessionKey.LINK_COMPLAINTS, []) if goes_on else []
    found = [*dict.fromkeys([*said, *complaints(address)])]
    st.session_state[SessionKey.LINK_COMPLAINTS] = found
    if found:
        lines = "".join(f"\n- {panels.plain(one)}" for one in found)
        st.warning(
            "**Part of this link can't be understood.** The usual is shown in its place:" + lines,
            icon=":material/link_off:",
        )


def _is_new(page: str) -> bool:
    """Say whether a link within the app has led from another page to this one."""
    before = st.session_state.get(SessionKey.PAGE, page)
    st.session_state[SessionKey.PAGE] = page
    return bool(page != before)


def _last_words(address: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return an address in which each filter of all pages stands once, as a link has it.

    Streamlit keeps what these filters hold, and puts the link's words behind theirs.
    """
    words_of = {Param.DAYS: _MOST_DATES}
    return {
        name: values[-words_of.get(Param(name), 1) :] if name in common.SHARED else values
        for name, values in address.items()
    }


def _adopt(address: Mapping[str, Sequence[str]]) -> None:
    """Let the filters of all pages hold what the address says, not what was chosen before."""
    for name in common.SHARED:
        said = address.get(name)
        if said and (name not in _CHECKS or _CHECKS[name](said)):
            st.session_state[name] = _value(name, said)


def _value(name: Param, said: Sequence[str]) -> object:
    """Return what the widget of a filter holds where the address says this."""
    if name is Param.DAYS:
        return date.fromisoformat(said[0]), date.fromisoformat(said[-1])
    return said[0] == "true" if name is Param.UTC_DAYS else said[0]


def _said(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _one_of(options: Iterable[str]) -> Callable[[Sequence[str]], bool]:
    known = frozenset(options)
    return lambda values: len(values) == 1 and values[0] in known


def _is_zone(values: Sequence[str]) -> bool:
    return len(values) == 1 and values[0] in available_timezones()


def _are_days(values: Sequence[str]) -> bool:
    try:
        days = [date.fromisoformat(value) for value in values]
    except ValueError:
        return False
    return len(days) <= _MOST_DATES and days == sorted(days)


def _is_part(values: Sequence[str]) -> bool:
    first, _, last = values[-1].partition("/")
    start, end = read_moment(first), read_moment(last)
    return start is not None and end is not None and start < end


_CHECKS: Mapping[Param, Callable[[Sequence[str]], bool]] = {
    Param.SPAN: _one_of([*PRESETS, common.CUSTOM]),
    Param.DAYS: _are_days,
    Param.INTERVAL: _one_of([common.AUTO, *common.INTERVALS]),
    Param.ZONE: _is_zone,
    Param.UTC_DAYS: _one_of(_FLAGS),
    Param.GROUP: _one_of(_GROUPS),
    Param.PREVIOUS: _one_of(_FLAGS),
    Param.FOCUS: _is_part,
    Param.STANDING: _one_of(words.STANDINGS),
    Param.DIFFERENCES: _one_of(_FLAGS),
    Param.STATUS: _one_of(words.STATUSES.values()),
    Param.RESULT: _one_of(words.OUTCOMES[name] for name in RESULTS),
    Param.STALLED: _one_of(_FLAGS),
}
_ALLOWED: Mapping[Param, str] = {
    Param.SPAN: f"span; there are {', '.join(PRESETS)} and {common.CUSTOM}",
    Param.DAYS: "first and last day, as 2026-11-01 twice",
    Param.INTERVAL: f"interval; there are {common.AUTO}, {', '.join(common.INTERVALS)}",
    Param.ZONE: "time zone; one is called Europe/Berlin",
    Param.GROUP: f"grouping; there are {', '.join(_GROUPS)}",
    Param.FOCUS: "part of a span, as 2026-11-20T00:00:00Z/2026-11-21T00:00:00Z",
    Param.STATUS: f"status; there are {', '.join(words.STATUSES.values())}",
    Param.RESULT: f"result; there are {', '.join(words.OUTCOMES[name] for name in RESULTS)}",
    Param.STANDING: f"standing; there are {', '.join(words.STANDINGS)}",
    **dict.fromkeys(
        (Param.UTC_DAYS, Param.PREVIOUS, Param.STALLED, Param.DIFFERENCES), "true or false"
    ),
}
