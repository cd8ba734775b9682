"""What a recount of jobs or projects finds: each is proved, or differs, or can't be judged now.

At first a job's item and its entries are read at the lowest price. Where they agree, the job is
proved: the item is what the entries give, whatever has come since. Where they don't, an audit
decides, which reads all strongly, and looks again where something has changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import MAX_COUNT
from run_ledger.domain.instants import DAY, Duration, Instant, later
from run_ledger.store.audit.auditor import Audit, Manner
from run_ledger.store.audit.calls import read_items
from run_ledger.store.audit.expected_items import Name
from run_ledger.store.audit.glance import glance_at_entries, glance_at_items
from run_ledger.store.audit.judgement import Judgement, judge
from run_ledger.store.audit.reach import Reach
from run_ledger.store.audit.scopes import AuditScope
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.reading import Reading

from .frontier import Differing, WrongValue
from .recounted_sums import MOST_ENTRIES, by_entries, number_of_entries
from .settled_jobs import Candidate

VOUCHED_DAYS = 88
"""Entries that came in during so many days have not expired: they are kept for 90 at least."""
_MOST_DIFFERENCES = 10
_MOST_CHARACTERS = 100

Kind = Literal["proved", "differs", "not judged", "moving"]


class Recounted(Struct, frozen=True):
    """What was found of a job or project of a client; ``differences`` are told of one that differs.

    One that is ``moving`` changed whenever it was read: it is left to a later walk.
    """

    name: Name
    client_id: str
    kind: Kind
    differences: Sequence[WrongValue] = ()

    def as_differing(self, now: Instant) -> Differing:
        """Return it as it is kept, found at *now*."""
        kind, entity_id = self.name
        return Differing(self.client_id, kind, entity_id, now, self.differences)


def recount(
    reading: Reading,
    candidates: Sequence[Candidate],
    now: Instant,
    pause: Callable[[float], None],
) -> Iterator[Recounted]:
    """Yield a verdict on each of *candidates*; *pause* waits for so many seconds."""
    reach = Reach(later(now, -Duration(VOUCHED_DAYS * DAY)), VOUCHED_DAYS)
    items = glance_at_items(reading, [one.name for one in candidates])
    of = {one.name: one for one in candidates}
    for portion in by_entries(of, items):
        entries = glance_at_entries(reading, {name: items.get(name) for name in portion})
        suspects = []
        for one in map(of.__getitem__, portion):
            rows = entries[one.name]
            seems_right = rows is not None and _is_right(
                judge(one.name, items.get(one.name), rows, reach)
            )
            if seems_right:
                yield Recounted(one.name, one.client_id, "proved")
            else:
                suspects.append(one)
        if suspects:
            yield from _judged(reading, suspects, reach, now, Manner(pause=pause))
    yield from _too_large(candidates, items)


def recount_projects(
    reading: Reading,
    candidates: Sequence[Candidate],
    now: Instant,
    pause: Callable[[float], None],
) -> Iterator[Recounted]:
    """Yield a verdict on each project of *candidates*: all is read strongly."""
    reach = Reach(later(now, -Duration(VOUCHED_DAYS * DAY)), VOUCHED_DAYS)
    items = read_items(reading, [one.name for one in candidates])
    of = {one.name: one for one in candidates}
    for portion in by_entries(of, items):
        yield from _judged(reading, [of[name] for name in portion], reach, now, Manner(pause=pause))
    yield from _too_large(candidates, items)


def _too_large(candidates: Sequence[Candidate], items: Mapping[Name, Item]) -> Iterator[Recounted]:
    for one in candidates:
        if number_of_entries(items, one.name) > MOST_ENTRIES:
            yield Recounted(one.name, one.client_id, "not judged")


def _is_right(judgement: Judgement) -> bool:
    return not (
        judgement.differences
        or judgement.unreadable
        or judgement.is_beyond_reach
        or judgement.item is None
    )


def _judged(
    reading: Reading, suspects: Sequence[Candidate], reach: Reach, now: Instant, manner: Manner
) -> Iterator[Recounted]:
    scope = AuditScope(now=now, names=frozenset(one.name for one in suspects))
    audit = Audit(reading, scope, lambda: reach, manner)
    moving = {*audit.run().undecided}
    for one in suspects:
        judgement = audit.judgements.get(one.name)
        kind: Kind = "proved"
        differences: Sequence[WrongValue] = ()
        if f"{one.name.kind} {one.name.entity_id}" in moving:
            kind = "moving"
        elif judgement is None:
            # It has neither an item nor entries any more: a repair has taken away what never was.
            kind = "proved"
        elif judgement.unreadable:
            kind, differences = "differs", [WrongValue("entries")]
        elif judgement.is_beyond_reach:
            kind = "not judged"
        elif judgement.differences:
            kind, differences = "differs", _shown(judgement)
        yield Recounted(one.name, _owner(one, judgement), kind, differences)


def _owner(one: Candidate, judgement: Judgement | None) -> str:
    """Return whose job it is: its entries decide, where they differ from its item."""
    expected = {} if judgement is None else judgement.expected or {}
    owner: str = expected.get("client_id", {"S": one.client_id})["S"]
    return owner


def _shown(judgement: Judgement) -> list[WrongValue]:
    """Return the first differences; texts are left out, as anybody may have written them."""
    return [
        WrongValue(path[:_MOST_CHARACTERS] or "item", as_count(stored), as_count(recounted))
        for path, stored, recounted in judgement.differences[:_MOST_DIFFERENCES]
    ]


def as_count(value: object) -> int | None:
    """Return *value* where it is an integer that every reader of JSON takes exactly."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MAX_COUNT:
        return None
    return value
