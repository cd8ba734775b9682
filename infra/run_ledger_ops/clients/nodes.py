"""A YAML document as its nodes: checked strictly, every complaint with its line.

YAML reads `no` as false and 1.10 as a number; here text has to be text. No complaint repeats what
stands where a value belongs: it might be a secret.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import yaml

from run_ledger.domain.exceptions import shown
from run_ledger_ops.console.exceptions import OpsError

_MOST_COMPLAINTS = 20
_MOST_LEVELS = 16
_STRING = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_WHOLE_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_READ_AS = {
    "tag:yaml.org,2002:bool": "true or false",
    "tag:yaml.org,2002:int": "a number",
    "tag:yaml.org,2002:float": "a number",
    "tag:yaml.org,2002:timestamp": "a date",
}
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")


class _NodeLoader(yaml.SafeLoader):
    """Makes nodes, of trees that are not deep alone."""

    _levels = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Make a node and all below it."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            problem = "aliases (*name) are not taken; put text that begins with * in quotes"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        if self._levels == _MOST_LEVELS:
            problem = "it is nested too deeply"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)
        self._levels += 1
        node = super().compose_node(parent, index)
        self._levels -= 1
        return node


def document(text: str, name: str) -> yaml.Node:
    """Return the one document of *text*, the content of the file *name*."""
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_NodeLoader)
    except yaml.MarkedYAMLError as error:
        line = _line(error.problem_mark or error.context_mark)
        # What is quoted in the parser's words is from the file.
        problem = _QUOTED.sub("…", error.problem or "it can't be read")
        raise OpsError(f"{name}:{line}: this YAML is not taken: {problem}.") from None
    except yaml.YAMLError as error:
        position = getattr(error, "position", None)
        raise OpsError(f"{name}: it holds a character that YAML forbids ({position}).") from None
    if node is None:
        raise OpsError(f"{name} is empty: it has to hold `clients:` and a list.")
    return node


class Checker:
    """Takes nodes apart, and gathers what is wrong with them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._complaints: list[tuple[int, str]] = []

    def complain(self) -> None:
        """Raise OpsError if there was anything to complain of."""
        if not self._complaints:
            return
        found = sorted(self._complaints)
        lines = [f"{self._name}:{line}: {text}" for line, text in found[:_MOST_COMPLAINTS]]
        if len(found) > _MOST_COMPLAINTS:
            lines.append(f"and {len(found) - _MOST_COMPLAINTS} more")
        raise OpsError("the file was not taken:\n  " + "\n  ".join(lines))

    def string(self, node: yaml.Node, path: str) -> str | None:
        """Return a text, or None after a complaint."""
        if not isinstance(node, yaml.ScalarNode):
            kind = "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
            self.add(node, f"{path}: got {kind}; allowed: text")
        elif node.tag == _NULL:
            self.add(node, f'{path}: nothing is there; allowed: text, "" if it is to be empty')
        elif node.tag != _STRING:
            kind = _READ_AS.get(node.tag, "something else")
            self.add(node, f"{path}: YAML reads {kind} here; allowed: text, so put it in quotes")
        elif not all(map(_can_be_seen, node.value)):
            self.add(node, f"{path}: it holds characters that can't be seen")
        else:
            return str(node.value)
        return None

    def whole_number(self, node: yaml.Node, path: str, low: int, high: int) -> int:
        """Return a whole number from *low* to *high*, or *low* after a complaint."""
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        if _WHOLE_NUMBER.fullmatch(text) and low <= int(text) <= high:
            return int(text)
        self.add(node, f"{path}: allowed: a whole number from {low:,} to {high:,}")
        return low

    def members(self, node: yaml.Node | None, path: str) -> list[yaml.Node]:
        """Return the members of a list; none where there is no node."""
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.add(node, f"{path}: allowed: a list, each of its members after a dash")
            return []
        return list(node.value)

    def pairs(self, node: yaml.Node, path: str) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        """Give the pairs of a mapping."""
        if not isinstance(node, yaml.MappingNode):
            self.add(node, f"{path}: allowed: names with what belongs to each, as `name: text`")
            return
        seen: set[str] = set()
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    self.add(key, f"{path}: {shown(key.value)} is there twice")
                seen.add(key.value)
            yield key, value

    def fields(
        self, node: yaml.Node, path: str, known: tuple[str, ...], needed: tuple[str, ...]
    ) -> dict[str, yaml.Node]:
        """Return the values of a mapping by their names, which are *known* ones."""
        fields = {}
        for key, value in self.pairs(node, path):
            name = key.value if isinstance(key, yaml.ScalarNode) and key.tag == _STRING else None
            if name in known:
                fields[name] = value
            else:
                what = f"unknown key {shown(name)}" if name else "a key that is no text"
                self.add(key, f"{path}: {what}; allowed: {', '.join(known)}")
        if isinstance(node, yaml.MappingNode):
            for name in needed:
                if name not in fields:
                    self.add(node, f"{path}: {name} is missing")
        return fields

    def add(self, node: yaml.Node | None, text: str) -> None:
        """Complain of *node*."""
        self._complaints.append((_line(node.start_mark if node else None), text))


def _can_be_seen(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs")


def _line(mark: Any) -> int:
    return 1 if mark is None else int(mark.line) + 1
