"""Logs Insights over log lines: the part of its language that the dashboard's queries use.

It understands, joined by ``|``:

    - ``fields F, …`` where an F is a field, or ``strcontains(field, 'text') as name``;
    - ``filter C and C …`` where a C is ``field = 'text'``, ``field = 0``,
      ``field in ['text', …]``, ``field like /regex/`` or ``ispresent(field)``;
    - ``stats A, … by G, …`` where an A is ``count(*)``, ``sum(field)``, ``max(field)`` or
      ``latest(field)``, each perhaps ``as name``, and a G is a field or ``bin(5m)``;
    - ``sort field asc|desc`` and ``limit n``.

A line without a field matches only the test that the field is absent, as in CloudWatch;
``@timestamp`` is the line's ``timestamp``. Anything else raises `NotUnderstood`: a query that this
module can't read is not tested. It can't show whether CloudWatch reads a query in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

Row = dict[str, Any]
_FIELD = r"@?[A-Za-z_][A-Za-z0-9_]*"
_LIST_ITEM = re.compile(r"'([^']*)'")


class NotUnderstood(ValueError):
    """The query has a part that this interpreter doesn't know."""


@dataclass
class Answer:
    """A query's rows, and the fields of the lines that it read."""

    rows: list[Row]
    fields: set[str] = field(default_factory=set)


def ask(query: str, lines: Iterable[Row]) -> Answer:
    """Return the answer of *query* over *lines*, of which the latest is last."""
    answer = Answer([{**line, "@timestamp": line["timestamp"]} for line in lines])
    made: set[str] = set()
    for command in re.split(r"\n?\| ", query):
        name, _, rest = command.strip().partition(" ")
        if name not in _COMMANDS:
            raise NotUnderstood(command)
        _COMMANDS[name](answer, made, rest.strip())
    answer.fields -= made
    return answer


def _fields(answer: Answer, made: set[str], rest: str) -> None:
    for part in _parts(rest):
        match = re.fullmatch(rf"strcontains\(({_FIELD}), '([^']*)'\) as ({_FIELD})", part)
        if match:
            source, text, name = match.groups()
            answer.fields.add(source)
            made.add(name)
            for row in answer.rows:
                if source in row:
                    row[name] = int(text in row[source])
        else:
            answer.fields.add(_field(part))


def _filter(answer: Answer, made: set[str], rest: str) -> None:
    for condition in rest.split(" and "):
        name, test = _condition(condition)
        answer.fields.add(name)
        answer.rows = [row for row in answer.rows if name in row and test(row[name])]


def _condition(text: str) -> tuple[str, Callable[[Any], bool]]:
    if match := re.fullmatch(rf"({_FIELD}) = '([^']*)'", text):
        wanted = match[2]
        return match[1], lambda value: str(value) == wanted
    if match := re.fullmatch(rf"({_FIELD}) = (\d+)", text):
        number = int(match[2])
        return match[1], lambda value: bool(value == number)
    if match := re.fullmatch(rf"({_FIELD}) in \[(.*)\]", text):
        choice = _LIST_ITEM.findall(match[2])
        return match[1], lambda value: str(value) in choice
    if match := re.fullmatch(rf"({_FIELD}) like /(.*)/", text):
        pattern = re.compile(match[2])
        return match[1], lambda value: pattern.search(str(value)) is not None
    if match := re.fullmatch(rf"ispresent\(({_FIELD})\)", text):
        return match[1], lambda value: value is not None
    raise NotUnderstood(text)


def _stats(answer: Answer, made: set[str], rest: str) -> None:
    what, _, by = rest.partition(" by ")
    groups: dict[tuple[Any, ...], list[Row]] = {}
    keys = _parts(by) if by else []
    for row in answer.rows:
        groups.setdefault(tuple(_key(row, key) for key in keys), []).append(row)
    answer.fields |= {_field(key) for key in keys if key != "bin(5m)"}
    results = [dict(zip(keys, group, strict=True)) for group in groups]
    for part in _parts(what):
        match = re.fullmatch(rf"(count|sum|max|latest)\((\*|{_FIELD})\)(?: as ({_FIELD}))?", part)
        if not match or (match[1] == "count") != (match[2] == "*"):
            raise NotUnderstood(part)
        function, source, name = match[1], match[2], match[3] or part
        if source != "*":
            answer.fields.add(source)
        made.add(name)
        for result, rows in zip(results, groups.values(), strict=True):
            result[name] = _aggregate(function, source, rows)
    answer.rows = results


def _key(row: Row, key: str) -> Any:
    if key == "bin(5m)":
        minute = row["@timestamp"][14:16]
        return f"{row['@timestamp'][:14]}{int(minute) // 5 * 5:02d}"
    return row.get(_field(key))


def _aggregate(function: str, source: str, rows: Sequence[Row]) -> Any:
    if function == "count":
        return len(rows)
    there = [row[source] for row in rows if source in row]
    if function == "latest":
        return there[-1] if there else None
    if function == "max":
        return max(there, default=None)
    return sum(there)


def _sort(answer: Answer, made: set[str], rest: str) -> None:
    match = re.fullmatch(rf"({_FIELD}) (asc|desc)", rest)
    if not match:
        raise NotUnderstood(rest)
    answer.fields.add(match[1])
    answer.rows.sort(key=lambda row: row[match[1]], reverse=match[2] == "desc")


def _limit(answer: Answer, made: set[str], rest: str) -> None:
    answer.rows = answer.rows[: int(rest)]


def _field(text: str) -> str:
    if not re.fullmatch(_FIELD, text):
        raise NotUnderstood(text)
    return text


def _parts(text: str) -> list[str]:
    """Split at commas, except for those within parentheses."""
    return [part.strip() for part in re.split(r",(?![^()]*\))", text)]


_COMMANDS = {
    "fields": _fields,
    "filter": _filter,
    "stats": _stats,
    "sort": _sort,
    "limit": _limit,
}
