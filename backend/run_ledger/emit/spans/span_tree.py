"""Which spans of a tree count: the leaves, as what an agent tells repeats what its calls told.

A span that tells tokens counts unless a span below it tells some, too. The decision falls when the
span and all spans that began below it have ended: usually that is when it ends itself, else when
the last of these does. A span that begins after its parent has ended is not part of what the parent
told, so it stands alone. A span whose parent nobody saw, as a sampler left it out, lies below the
first open span of its trace as far as that is an agent or the like.

A call that told no tokens counts where nothing above tells them either. A call that failed counts
where none below it was counted: the call that an outer layer makes through an inner one is one.

Memory is bounded: of more than ``MOST_SPANS`` that are open, the oldest is let go. Once all of a
tree has ended, nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from run_ledger.emit.counting.span_usage import SpanReading

MOST_SPANS = 50_000  # open at one moment: some 20 MB
_MOST_UNREAD = 1_000  # calls without usage that wait for a span above them


class SpanKey(NamedTuple):
    """Which span it is."""

    trace_id: int
    span_id: int


Report = Callable[[Any, SpanReading], object]


class _Node:
    """A span that is open, or has ended and waits for spans below it."""

    __slots__ = (
        "has_calls_below", "has_ended", "has_usage_below", "is_adopted", "key",
        "may_have_usage_below", "open_below", "owner", "parent", "reading", "unread",
    )  # fmt: skip

    def __init__(self, key: SpanKey, parent: _Node | None, owner: Any, *, is_adopted: bool) -> None:
        self.key = key
        self.parent = parent
        self.is_adopted = is_adopted
        self.owner = owner
        self.open_below = 0
        self.has_ended = False
        self.has_usage_below = False
        self.may_have_usage_below = False
        self.has_calls_below = False
        self.reading: SpanReading | None = None
        self.unread: list[tuple[Any, SpanReading]] = []


class SpanTree:
    """The open spans of this process, and what counts of those that end; one call at a time.

    A span has an owner, for whom it counts: it is kept from the span's start to its end.
    """

    def __init__(self, report: Report, most_spans: int = MOST_SPANS) -> None:
        """Call ``report(owner, reading)`` once for each span that counts."""
        self._report = report
        self._most_spans = most_spans
        self._nodes: dict[SpanKey, _Node] = {}
        self._roots: dict[int, _Node] = {}

    def __len__(self) -> int:
        """Return how many spans are kept."""
        return len(self._nodes)

    def owner_of(self, key: SpanKey | None) -> Any:
        """Return the owner of an open span; None for none."""
        node = self._nodes.get(key) if key else None
        return node.owner if node else None

    def start(
        self, key: SpanKey, parent_key: SpanKey | None, owner: Any, *, is_remote: bool = False
    ) -> None:
        """Note that a span has begun; *is_remote*: its parent belongs to another process."""
        parent = self._nodes.get(parent_key) if parent_key else None
        is_adopted = parent is None and parent_key is not None and not is_remote
        if is_adopted:
            parent = self._roots.get(key.trace_id)
        if parent is not None and parent.has_ended:
            parent = None
        node = _Node(key, parent, owner, is_adopted=is_adopted)
        if parent is not None:
            parent.open_below += 1
        self._nodes[key] = node
        self._roots.setdefault(key.trace_id, node)
        if len(self._nodes) > self._most_spans:
            self._let_go(next(iter(self._nodes.values())))

    def end(self, key: SpanKey, reading: SpanReading | None) -> bool:
        """Note that a span has ended; return False where it is not known."""
        node = self._nodes.get(key)
        if node is None or node.has_ended:
            return False
        node.has_ended = True
        node.reading = reading
        self._settle(node)
        return True

    def settle_all(self) -> None:
        """Decide of every span that has ended, whatever may still be open below it."""
        for node in reversed(list(self._nodes.values())):  # those below began later
            if node.has_ended and node.key in self._nodes:
                node.open_below = 0
                self._settle(node)

    def clear(self) -> list[SpanKey]:
        """Forget every span, and return which they were."""
        keys = list(self._nodes)
        self._nodes.clear()
        self._roots.clear()
        return keys

    def _settle(self, node: _Node | None) -> None:
        """Decide of *node* if it can be, then of those above that waited for it."""
        while node is not None and node.has_ended and node.open_below == 0:
            self._count(node)
            self._forget(node)
            parent = node.parent
            if parent is not None:
                parent.open_below -= 1
            node = parent

    def _count(self, node: _Node) -> None:
        """Report what counts of *node*, and pass on what those above must know."""
        reading = node.reading
        if reading is not None and reading.has_usage:
            is_repeat = node.has_usage_below or (node.may_have_usage_below and not reading.is_call)
            if not is_repeat:
                node.unread = []
                self._report(node.owner, reading)
            node.has_usage_below = node.has_calls_below = True
        elif reading is not None and reading.has_failed:
            if not node.has_calls_below and not node.unread:
                node.has_calls_below = True
                self._report(node.owner, reading)
        elif reading is not None and reading.is_call and not node.has_calls_below:
            node.unread = node.unread or [(node.owner, reading)]
        self._pass_on(node)

    def _pass_on(self, node: _Node) -> None:
        """Tell the span above what it must know; without one, calls without usage count now."""
        above = node.parent if node.parent and node.parent.key in self._nodes else None
        room = 0
        if above is not None and node.is_adopted:
            above.may_have_usage_below |= node.has_usage_below
        elif above is not None:
            above.has_usage_below |= node.has_usage_below
            above.may_have_usage_below |= node.may_have_usage_below
            above.has_calls_below |= node.has_calls_below
            room = max(0, _MOST_UNREAD - len(above.unread))
            above.unread += node.unread[:room]
        for owner, unread in node.unread[room:]:
            self._report(owner, unread)

    def _forget(self, node: _Node) -> None:
        self._nodes.pop(node.key, None)
        if self._roots.get(node.key.trace_id) is node:
            del self._roots[node.key.trace_id]

    def _let_go(self, node: _Node) -> None:
        """Keep *node* no longer: it is decided as it is, if it has ended."""
        node.open_below = 0
        if not node.has_ended:
            node.has_ended = True
            node.reading = None
        self._settle(node)
