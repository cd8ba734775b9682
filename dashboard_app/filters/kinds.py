"""The kinds of filters: how each is asked for, checked in an address, and put into a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard_app.periods import as_text, from_text

V = TypeVar("V")
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


@dataclass(frozen=True, kw_only=True, eq=False)
class AddressPart:
    """A part of a page's address, and the key of its widget if it has one. Any text is valid."""

    name: str
    parameter: str = ""
    """The API's parameter that it stands for; empty where it stands for none."""
    most_values: int = 1
    allowed: str = ""
    """What a valid value is, for a sentence with "is not"."""

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the values that an address gives are valid."""
        return bool(values)

    def held(self, values: Sequence[str]) -> object:
        """Return what the widget holds for these valid values."""
        return values[0]

    def corrected(self, values: Sequence[str]) -> Sequence[str]:
        """Return what is meant by values that the widget would not take; else the values."""
        return values

    def read(self) -> str | None:
        """Return the value in the address; None where there is none."""
        return st.query_params.get(self.name) or None

    def write(self, value: str | None) -> None:
        """Put a value into the address, or remove it."""
        if value is None:
            st.query_params.pop(self.name, None)
        else:
            st.query_params[self.name] = value


@dataclass(frozen=True, kw_only=True, eq=False)
class Filter(AddressPart):
    """A part of the address with a widget: here a text input."""

    label: str

    @property
    def bound(self) -> dict[str, Any]:
        """Return the options that bind the widget to the address."""
        return {"key": self.name, "bind": "query-params"}

    def ask(self, _offered: Sequence[str] = ()) -> object:
        """Show the widget and return the chosen value; None for no choice."""
        text = st.text_input(self.label, width=200, **self.bound)
        return text.strip() or None if text else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice(Filter, Generic[V]):
    """One of some words, each with its value. Without a usual word, no choice means all."""

    options: Mapping[str, V]
    usual: str | None = None
    placeholder: str = ""
    width: int | Literal["stretch"] = 160
    help: str | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Former words with the words that replace them: links that people have kept go on working."""

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the values are one of the words."""
        return len(values) == 1 and values[0] in self.options

    def corrected(self, values: Sequence[str]) -> Sequence[str]:
        """Return the present words for former ones."""
        return [self.renamed.get(value, value) for value in values]

    def ask(self, _offered: Sequence[str] = ()) -> V | None:
        """Show a list of the words and return the value of the chosen one; None for all."""
        options = list(self.options)
        shown: dict[str, Any] = {"help": self.help, "width": self.width, **self.bound}
        if self.usual is None:
            shown |= {"index": None, "placeholder": self.placeholder}
        return self.options.get(st.selectbox(self.label, options, **shown) or "")


@dataclass(frozen=True, kw_only=True, eq=False)
class ButtonChoice(Choice[V]):
    """One of a few words, shown side by side, of which one is always chosen."""

    usual: str

    def ask(self, _offered: Sequence[str] = ()) -> V | None:
        """Show the words as buttons and return the value of the chosen one."""
        shown: dict[str, Any] = {"help": self.help, "required": True, **self.bound}
        chosen = st.segmented_control(self.label, list(self.options), default=self.usual, **shown)
        return self.options[chosen or self.usual]


@dataclass(frozen=True, kw_only=True, eq=False)
class Flag(Filter):
    """A switch."""

    usual: bool = False
    allowed: str = "true or false"

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the values are `true` or `false`."""
        return list(values) in (["true"], ["false"])

    def held(self, values: Sequence[str]) -> bool:
        """Return whether the switch is on."""
        return values[0] == "true"

    def ask(self, _offered: Sequence[str] = (), **options: Any) -> bool:
        """Show the switch, with options of `st.toggle`; return whether it is on."""
        return st.toggle(self.label, value=self.usual, **self.bound, **options)


@dataclass(frozen=True, kw_only=True, eq=False)
class IdChoice(Filter):
    """One of the offered ids, or another id that is typed."""

    placeholder: str

    def held_now(self) -> str | None:
        """Return the id that the widget will most likely hold, before it is shown."""
        held = st.session_state[self.name] if self.name in st.session_state else self.read()
        return str(held).strip() or None if held else None

    def show_locked(self, place: DeltaGenerator) -> str | None:
        """Show in a place what the widget will most likely hold, to be replaced by it; return it.

        Without a key of its own, so that it is another widget than the one that replaces it.
        """
        held = self.held_now()
        offered = [held] if held else []
        place.selectbox(self.label, offered, placeholder=self.placeholder, disabled=True)
        return held

    def ask(self, offered: Sequence[str] = ()) -> str | None:
        """Show a list that takes other ids too; return the chosen id, None for all."""
        shown: dict[str, Any] = {"index": None, "accept_new_options": True, **self.bound}
        chosen = st.selectbox(self.label, offered, placeholder=self.placeholder, **shown)
        return chosen.strip() or None if chosen else None


@dataclass(frozen=True, kw_only=True, eq=False)
class DayRange(Filter):
    """A first and a last day, both included. Any days can be asked for, also future ones."""

    most_values: int = 2
    allowed: str = (
        f"a first and a last day, such as 2026-11-01 and 2026-11-07, in the years {FIRST_DAY.year} "
        f"to {LAST_DAY.year}"
    )

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the values are one or two dates that the widget takes."""
        try:
            days = [date.fromisoformat(value) for value in values]
        except ValueError:
            return False
        return len(days) <= self.most_values and all(FIRST_DAY <= day <= LAST_DAY for day in days)

    def corrected(self, values: Sequence[str]) -> Sequence[str]:
        """Return two days in their order."""
        return sorted(values) if self.accepts(values) else values

    def held(self, values: Sequence[str]) -> tuple[date, date]:
        """Return the first and the last day."""
        return date.fromisoformat(values[0]), date.fromisoformat(values[-1])

    def ask_until(self, today: date) -> tuple[date, date]:
        """Show two date inputs, at first of the week up to `today`; return the two days."""
        week = (today - timedelta(days=6), today)
        bounds: dict[str, Any] = {"min_value": FIRST_DAY, "max_value": LAST_DAY}
        given = st.date_input(self.label, week, **bounds, **self.bound)
        days = given if isinstance(given, tuple) else (given,)
        first = days[0] if days else today
        return first, days[-1] if days else first


@dataclass(frozen=True, kw_only=True, eq=False)
class DayChoice(Filter):
    """A day, which need not be chosen."""

    help: str | None = None
    allowed: str = f"a day, such as 2026-11-22, in the years {FIRST_DAY.year} to {LAST_DAY.year}"

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the value is a date that the widget takes."""
        try:
            days = [date.fromisoformat(value) for value in values]
        except ValueError:
            return False
        return len(days) == 1 and FIRST_DAY <= days[0] <= LAST_DAY

    def held(self, values: Sequence[str]) -> date:
        """Return the day."""
        return date.fromisoformat(values[0])

    def ask(self, _offered: Sequence[str] = ()) -> date | None:
        """Show a date input and return the chosen day; None for none."""
        bounds: dict[str, Any] = {"min_value": FIRST_DAY, "max_value": LAST_DAY}
        chosen = st.date_input(self.label, None, **bounds, help=self.help, width=200, **self.bound)
        return chosen if isinstance(chosen, date) else None


@dataclass(frozen=True, kw_only=True, eq=False)
class PeriodPart(AddressPart):
    """A time range, as FROM/TO, that a brush or a link has chosen."""

    allowed: str = "a part of a period, such as 2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the last value is two moments in their order."""
        return moments(values[-1]) is not None

    def read_range(self) -> tuple[datetime, datetime] | None:
        """Return the time range in the address, in UTC; None where it has none that is valid."""
        text = self.read()
        return moments(text) if text else None

    def text(self, start: datetime, end: datetime) -> str:
        """Return a time range as an address has it."""
        return f"{as_text(start)}/{as_text(end)}"


def moments(text: str) -> tuple[datetime, datetime] | None:
    """Return the two moments that a text such as FROM/TO names; None unless in their order."""
    first, _, last = text.partition("/")
    start, end = from_text(first), from_text(last)
    return None if start is None or end is None or start >= end else (start, end)
