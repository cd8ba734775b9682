"""Queries: the parameters of a path, each declared once.

A query is a frozen dataclass. A field that callers may fill declares its parameter, and for a list
which items match::

    @dataclass(frozen=True, kw_only=True)
    class ProjectsQuery(ListQuery):
        limit: int = page_limit(50, 100)
        owner: str | None = filtered(
            identifier("owner", "Only projects of this owner."),
            lambda project, owner: project.owner == owner,
        )

    query = ProjectsQuery.of({"owner": ["ana"]})

The checks, the words in the OpenAPI document, what a cursor is bound to and which items match all
follow from these declarations: a filter can't be forgotten in one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeVar

from msgspec import Struct

from run_ledger.domain.exceptions import InvalidQuery, shown

from .parameters import CURSOR, Given, QueryParameter, limit

T = TypeVar("T")
_PAGING = ("limit", "cursor")
_declarations: dict[type[PathQuery], Sequence[Declared]] = {}


class Declared(Struct, frozen=True):
    """A declared field: its name, its parameter, and what it asks of a list's items."""

    name: str
    parameter: QueryParameter[Any]
    matches: Callable[[Any, Any], bool] | None
    meaning: str
    """The attribute of the query that holds what the field means."""


def declared(parameter: QueryParameter[T]) -> T | None:
    """Return a field of a query that *parameter* fills; it is None where callers leave it out."""
    return filtered(parameter, None)


def filtered(
    parameter: QueryParameter[T], matches: Callable[[Any, T], bool] | None, *, meaning: str = ""
) -> T | None:
    """Return a field of a list's query that says which items are asked for.

    *matches* takes an item's document and the field's value. *meaning* names the attribute that a
    cursor is bound to in place of the field, where two fields can ask for the same thing.
    """
    return field(default=None, metadata={"declared": (parameter, matches, meaning)})


def page_limit(default: int, most: int) -> int:
    """Return the field of a query for the number of items on a page, *default* unless given."""
    return usually(limit(default, most), default)


def usually(parameter: QueryParameter[T], default: T) -> T:
    """Return a field of a query that *parameter* fills; it is *default* where callers don't."""
    return field(default=default, metadata={"declared": (parameter, None, "")})


def declarations(query: type[PathQuery]) -> Sequence[Declared]:
    """Return the declared fields of *query*: filters first, then limit and cursor."""
    if query not in _declarations:
        found = [
            Declared(one.name, parameter, matches, meaning or one.name)
            for one in fields(query)
            for parameter, matches, meaning in [one.metadata["declared"]]
        ]
        _declarations[query] = sorted(found, key=lambda one: one.name in _PAGING)
    return _declarations[query]


def parameters_of(query: type[PathQuery]) -> list[QueryParameter[Any]]:
    """Return the parameters that the fields of *query* declare."""
    return [one.parameter for one in declarations(query)]


@dataclass(frozen=True, kw_only=True)
class PathQuery:
    """The query of a path. This class, without any field, takes no parameters."""

    @classmethod
    def of(cls, given: Given) -> Self:
        """Return the query that the parameters in *given* make.

        Raises InvalidQuery for a parameter that is unknown, repeated or malformed, and for
        parameters that contradict one another.
        """
        names = [one.name for one in parameters_of(cls)]
        for name in given:
            if name not in names:
                allowed = f"known ones: {', '.join(names)}" if names else "this path takes none"
                raise InvalidQuery(shown(name)[1:-1], f"no such parameter; {allowed}")
        values = {
            one.name: one.parameter.of(given)
            for one in declarations(cls)
            if one.parameter.name in given
        }
        query = cls(**{name: value for name, value in values.items() if value is not None})
        query.check()
        return query

    def check(self) -> None:
        """Raise InvalidQuery where the parameters contradict one another."""


@dataclass(frozen=True, kw_only=True)
class ListQuery(PathQuery):
    """The query of a list: its filters, and which page."""

    limit: int
    cursor: str | None = declared(CURSOR)

    @property
    def binding(self) -> list[tuple[str, Any]]:
        """Return what a cursor is bound to: the meaning of each filter by name, unless it is None.

        Two ways to ask for the same thing are one binding.
        """
        names = {one.meaning for one in declarations(type(self)) if one.name not in _PAGING}
        meanings = [(name, getattr(self, name)) for name in sorted(names)]
        return [(name, value) for name, value in meanings if value is not None]

    def matches(self, document: Any) -> bool:
        """Return whether the item that *document* shows is one that all filters ask for."""
        return all(
            one.matches is None
            or (value := getattr(self, one.name)) is None
            or one.matches(document, value)
            for one in declarations(type(self))
        )
