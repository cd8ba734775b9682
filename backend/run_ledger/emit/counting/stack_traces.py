"""Finds the exception in a stack trace that is only text, as logs and other programs pass it on.

Reads what Python prints (chained exceptions and exception groups, too), the form of the Java
virtual machine, .NET, Node and their like, and what Go, Rust, Ruby and PHP end with. The text may
be of any size and hold anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from run_ledger.emit.counting.told_errors import one_of_each_kind

_MOST_CHARACTERS = 100_000  # of a trace that is read: half from its beginning, half from its end
_MOST_MESSAGE_LINES = 50
_PYTHON_HEADER = re.compile(r"(?:Exception Group )?Traceback \(most recent call last\):\s*\Z")
_MARGIN = re.compile(r"[ \t]*(?:\+-.*\Z|[|+] ?)")  # what exception groups draw before each line
_CHAINED = re.compile(
    r"(?:The above exception was the direct cause of the following exception"
    r"|During handling of the above exception, another exception occurred):\s*\Z"
)
_FRAME = re.compile(r"\s+at\s+\S|\s+File \"|\s*\.\.\. \d+ (?:more|common frames omitted)")
_DOTTED = r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*"
_NAMED = re.compile(rf"(?P<type>{_DOTTED})(?:: ?(?P<message>.*)|\s*)\Z")
_BEFORE_JAVA = re.compile(
    r'Exception in thread "[^"]*" |: (?=\w)|Unhandled exception(?:\.|:) (?=\w)'
    r"|(?:error: )?Uncaught (?:\(in promise\) )?",
    re.IGNORECASE,
)
# What ends a program of Go, Rust, Ruby or PHP; the last of several counts.
_PANICS = tuple(
    (kind, re.compile(pattern, re.MULTILINE))
    for kind, pattern in (
        (
            "panic",
            r"^panic: (?P<message>[^\n]+?)(?: \[recovered[^\n]*)?$(?=(?:\n[^\n]*){1,9}goroutine )",
        ),
        ("fatal error", r"^fatal error: (?P<message>[^\n]+)$(?=(?:\n[^\n]*){1,9}goroutine )"),
        (
            "panic",
            r"^thread '[^'\n]*'[^\n]{0,20} panicked at '(?P<message>[^\n]*)', [^\s:]+:\d+:\d+$",
        ),
        (
            "panic",
            r"^thread '[^'\n]*'[^\n]{0,20} panicked at [^\s:]+:\d+:\d+:\n(?P<message>[^\n]*)$",
        ),
        (
            "",
            r"^[^\s:]+:\d+:in [^\n:]{1,200}: (?P<message>[^\n]*) \((?P<type>[A-Z]\w*(?:::\w+)*)\)$",
        ),
        (
            "",
            (
                r"^(?:PHP )?Fatal error: +Uncaught (?P<type>[\w\\]+): (?P<message>[^\n]*?)"
                r" in [^\n]+:\d+$"
            ),
        ),
    )
)
_CAUSED_BY = re.compile(r"\s*(?:Caused by: |\[cause\]: )")
_KINDS = (
    *("Error", "Exception", "Failure", "Fault", "Timeout", "Interrupt", "Exit", "Warning"),
    "Rejection",
)
_GROUPS = ("ExceptionGroup", "BaseExceptionGroup")


class TracedException(NamedTuple):
    """What a trace tells: the exception that was raised, and what caused it as ``Type: text``."""

    type: str
    message: str
    cause: str = ""


def exception_in(trace: str) -> TracedException | None:
    """Return the exception that *trace* is about; None where it names none.

    For example ``TracedException("EnrichError", "record 7", "ConnectionResetError: closed")``.
    """
    if len(trace) > _MOST_CHARACTERS:
        half = _MOST_CHARACTERS // 2
        trace = f"{trace[:half]}\n{trace[-half:]}"
    lines = trace.splitlines()
    if "Exception Group Traceback" in trace:
        lines = [_MARGIN.sub("", line, count=1) for line in lines]
    chain = _python_chain(lines)
    if chain:
        raised, *earlier = [_inner(one) for one in reversed(chain)]
        root = _java_cause(lines) or (earlier[-1] if earlier else None)
    else:
        found = _java_exception(lines) or _panic(trace)
        if found is None:
            return None
        raised, root = found, _java_cause(lines)
    cause = _told(root) if root is not None and _told(root) != _told(raised) else ""
    return raised._replace(cause=cause)


def typed_message(text: str) -> TracedException | None:
    """Return the exception that *text* begins with, as ``ValueError: no price``; None for none.

    The name before the colon must look like an exception's.
    """
    first, *more = text.strip().split("\n", 1)
    named = _NAMED.match(first.strip())
    if named is None or not named["type"].endswith(_KINDS):
        return None
    message = "\n".join([named["message"] or "", *more]).strip()
    return TracedException(named["type"], message)


def without_trace(text: str) -> str:
    """Return *text* up to the stack trace in it."""
    kept = []
    for line in text.splitlines():
        if _PYTHON_HEADER.match(line.lstrip(" +|")) or _FRAME.match(line):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def _told(one: TracedException) -> str:
    first = one.message.split("\n", 1)[0]
    return f"{one.type}: {first}" if first else one.type


def _python_chain(lines: list[str]) -> list[list[TracedException]]:
    """Return each exception of a chain, oldest first, followed by the members of its group."""
    chain: list[list[TracedException]] = []
    is_traceback = is_chained = False
    for number, line in enumerate(lines):
        if _PYTHON_HEADER.match(line):
            is_traceback = True
        elif _CHAINED.match(line):
            is_chained = True
        elif is_traceback and line and not line[0].isspace():
            is_traceback = False
            found = _python_exception(lines[number:])
            if found is None:
                continue
            is_member = bool(chain) and _is_group(chain[-1][0]) and not is_chained
            if is_member:
                chain[-1].append(found)
            else:
                chain.append(_with_unraised(found))
            is_chained = False
    return chain


def _python_exception(lines: list[str]) -> TracedException | None:
    """Return the exception whose line is the first of *lines*; its message may take several."""
    named = _NAMED.match(lines[0].strip())
    if named is None:
        return None
    message = [named["message"] or ""]
    for line in lines[1:_MOST_MESSAGE_LINES]:
        if _PYTHON_HEADER.match(line) or _CHAINED.match(line) or _FRAME.match(line):
            break
        message.append(line)
    return TracedException(named["type"], "\n".join(message).strip())


def _with_unraised(found: TracedException) -> list[TracedException]:
    """Return an exception, of a group also its members that were never raised: without a trace."""
    first, *more = found.message.split("\n")
    if not _is_group(found):
        return [found]
    members = [typed_message(line) for line in more]
    return [found._replace(message=first), *(one for one in members if one is not None)]


def _is_group(one: TracedException) -> bool:
    return one.type.rpartition(".")[2] in _GROUPS


def _inner(link: list[TracedException]) -> TracedException:
    """Return what a link of a chain is about: of a group with one member, that member."""
    group, *inside = link
    if not inside or not _is_group(group):
        return group
    leaves = one_of_each_kind((one for one in inside if not _is_group(one)), _told)
    if len(leaves) == 1:
        return leaves[0]
    return group._replace(message="; ".join([group.message, *map(_told, leaves[:5])]))


def _java_exception(lines: Iterable[str]) -> TracedException | None:
    """Return the exception that stands above the first frame."""
    above: list[str] = []
    for line in lines:
        if _FRAME.match(line):
            break
        above.append(line)
    else:
        return None
    return _java_named(above)


def _java_cause(lines: list[str]) -> TracedException | None:
    """Return the innermost cause."""
    for number in range(len(lines) - 1, -1, -1):
        if begin := _CAUSED_BY.match(lines[number]):
            first = lines[number][begin.end() :]
            more = lines[number + 1 : number + _MOST_MESSAGE_LINES]
            return _java_named([first, *_up_to_frame(more)])
    return None


def _panic(trace: str) -> TracedException | None:
    """Return what a program of Go, Rust, Ruby or PHP ended with."""
    found = [
        (one.start(), one.groupdict().get("type") or kind, one["message"])
        for kind, pattern in _PANICS
        for one in pattern.finditer(trace)
    ]
    if not found:
        return None
    _, kind, message = max(found)
    return TracedException(kind, message.strip())


def _up_to_frame(lines: Iterable[str]) -> list[str]:
    kept = []
    for line in lines:
        if _FRAME.match(line):
            break
        kept.append(line)
    return kept


def _java_named(lines: list[str]) -> TracedException | None:
    for number, line in enumerate(lines):
        text = line.strip()
        if begin := _BEFORE_JAVA.match(text):
            text = text[begin.end() :]
        named = _NAMED.match(text)
        if named and (named["type"].endswith(_KINDS) or "." in named["type"]):
            more = lines[number + 1 : number + _MOST_MESSAGE_LINES]
            message = "\n".join([named["message"] or "", *more]).strip()
            return TracedException(named["type"], message)
    return None
