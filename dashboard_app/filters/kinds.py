"""The kinds of filters: how each is asked for, checked in an address, and put into a link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from dashboard_app.periods import from_text

_COMMON_ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "Asia/Tokyo")

V = TypeVar("V")


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

    def ask(self, _offered: Sequence[str] = ()) -> object:
        """Show the widget and return the chosen value; None for no choice."""
        text = st.text_input(self.label, key=self.name, bind="query-params", width=200)
        return text.strip() or None if text else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Choice(Filter, Generic[V]):
    """One of a few words, each with its value. Without a usual word, no choice means all."""

    options: Mapping[str, V]
    usual: str | None = None
    placeholder: str = ""
    help: str | None = None

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the values are one of the words."""
        return len(values) == 1 and values[0] in self.options

    def ask(self, _offered: Sequence[str] = ()) -> V | None:
        """Show a row of buttons, or a list where there is no usual word; return the value."""
        options = list(self.options)
        shown: dict[str, Any] = {"key": self.name, "bind": "query-params", "help": self.help}
        if self.usual is None:
            nothing: dict[str, Any] = {"index": None, "placeholder": self.placeholder}
            chosen = st.selectbox(self.label, options, width=160, **nothing, **shown)
        else:
            chosen = st.segmented_control(
                self.label, options, default=self.usual, required=True, **shown
            )
        return self.options.get(chosen or self.usual or "")


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

    def ask(
        self, _offered: Sequence[str] = (), *, disabled: bool = False, hint: str | None = None
    ) -> bool:
        """Show the switch and return whether it is on."""
        return st.toggle(
            self.label,
            value=self.usual,
            key=self.name,
            bind="query-params",
            disabled=disabled,
            help=hint,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class IdChoice(Filter):
    """One of the offered ids, or another id that is typed."""

    placeholder: str

    def ask(self, offered: Sequence[str] = ()) -> str | None:
        """Show a list that takes other ids too; return the chosen id, None for all."""
        chosen = st.selectbox(
            self.label,
            offered,
            index=None,
            placeholder=self.placeholder,
            accept_new_options=True,
            key=self.name,
            bind="query-params",
        )
        return chosen.strip() or None if chosen else None


@dataclass(frozen=True, kw_only=True, eq=False)
class ZoneChoice(Filter):
    """A time zone by its IANA name."""

    help: str
    allowed: str = "a time zone such as Europe/Berlin"

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the values are the name of one zone."""
        return len(values) == 1 and values[0] in available_timezones()

    def ask(self, _offered: Sequence[str] = ()) -> ZoneInfo:
        """Show a list of all zones and return the chosen one."""
        return ZoneInfo(
            st.selectbox(self.label, _zones(), key=self.name, bind="query-params", help=self.help)
        )


@cache
def _zones() -> tuple[str, ...]:
    """Return the names of all zones, the most used first. The first call reads many files."""
    others = sorted(available_timezones() - {*_COMMON_ZONES})
    places = (one for one in others if "/" in one and not one.startswith("Etc/"))
    return (*_COMMON_ZONES, *places)


@dataclass(frozen=True, kw_only=True, eq=False)
class DayRange(AddressPart):
    """A first and a last day, both included."""

    label: str
    most_values: int = 2
    allowed: str = "a first and a last day, such as 2026-11-01 and 2026-11-07"

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the values are at most two dates in their order."""
        try:
            days = [date.fromisoformat(value) for value in values]
        except ValueError:
            return False
        return len(days) <= self.most_values and days == sorted(days)

    def held(self, values: Sequence[str]) -> tuple[date, date]:
        """Return the first and the last day."""
        return date.fromisoformat(values[0]), date.fromisoformat(values[-1])

    def ask(self, today: date) -> tuple[date, date]:
        """Show two date inputs, up to `today`; return the first and the last day."""
        given = st.date_input(
            self.label,
            value=(today - timedelta(days=6), today),
            max_value=today,
            key=self.name,
            bind="query-params",
        )
        days = given if isinstance(given, tuple) else (given,)
        first = days[0] if days else today
        return first, days[-1] if days else first


@dataclass(frozen=True, kw_only=True, eq=False)
class PeriodPart(AddressPart):
    """A part of the period, as FROM/TO, that a brush has chosen."""

    allowed: str = "a part of a period, such as 2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"

    def accepts(self, values: Sequence[str]) -> bool:
        """Return whether the values are two moments in their order."""
        first, _, last = values[-1].partition("/")
        start, end = from_text(first), from_text(last)
        return start is not None and end is not None and start < end
