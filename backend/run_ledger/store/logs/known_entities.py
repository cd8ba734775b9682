"""What a writer remembers of jobs and projects, within a limit.

With it a writer reads nothing of an entity that only it writes to: it knows its state, the number
of its log's last row, and by marks which events are in the log. All of it is only a guess: a
posting requires that the number is still the last one. So memory may be lost at any time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from run_ledger.store.items.job_items import StoredJob
from run_ledger.store.items.project_items import StoredProject

StoredEntity = StoredJob | StoredProject
Name = tuple[str, str]
"""The kind of an entity, and its id."""

MOST_BYTES = 200_000_000
# Rough sizes of Python's objects, on the large side.
_ENTITY_BYTES = 4_000
_ATTEMPT_BYTES = 1_500
MARK_BYTES = 170
_SHARE = 1 / 16
_MANY = 0.1


@dataclass(slots=True)
class Remembered:
    """What is known of an entity: ``stored`` is its item, None where there is none.

    ``rows`` maps the mark of each event to the number of its row, of rows up to ``read_to``; those
    up to ``indexed_to`` are left to the log's index. All of this is of one ``era`` of the log.
    """

    stored: StoredEntity | None = None
    rows: dict[bytes, int] = field(default_factory=dict)
    read_to: int = 0
    indexed_to: int = 0
    era: int = 0

    def begin(self, era: int) -> None:
        """Forget all rows: those of another *era* may have the same numbers."""
        self.rows, self.read_to, self.indexed_to, self.era = {}, 0, 0, era

    def leave_to_index(self, number: int) -> None:
        """Forget the rows up to *number*, of which the log's index tells."""
        if number > self.indexed_to:
            self.rows = {mark: row for mark, row in self.rows.items() if row > number}
            self.indexed_to = number
            self.read_to = max(self.read_to, number)

    @property
    def bytes(self) -> int:
        """Return about how many bytes this takes."""
        attempts = len(self.stored.job.attempts) if isinstance(self.stored, StoredJob) else 0
        return _ENTITY_BYTES + attempts * _ATTEMPT_BYTES + len(self.rows) * MARK_BYTES


class KnownEntities:
    """The entities that were used last, as many as *most_bytes* hold."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Begin with nothing known."""
        self._most_bytes = most_bytes
        self._bytes = 0
        self._known: OrderedDict[Name, tuple[Remembered, int]] = OrderedDict()
        self._surprises = 0.0

    def get(self, name: Name) -> Remembered | None:
        """Return what is known of an entity."""
        found = self._known.get(name)
        return found[0] if found else None

    def keep(self, name: Name, remembered: Remembered) -> None:
        """Remember an entity, and forget those used longest ago where there is no room."""
        self.drop(name)
        size = remembered.bytes
        self._known[name] = (remembered, size)
        self._bytes += size
        while self._bytes > self._most_bytes:
            _, (_, size) = self._known.popitem(last=False)
            self._bytes -= size

    def drop(self, name: Name) -> None:
        """Forget an entity."""
        if name in self._known:
            self._bytes -= self._known.pop(name)[1]

    def note(self, *, was_right: bool) -> None:
        """Note whether an entity was found as it was remembered."""
        self._surprises += _SHARE * ((not was_right) - self._surprises)

    @property
    def is_trusted(self) -> bool:
        """Return whether to post by what is remembered, without reading the entity first.

        A wrong guess costs a cancelled transaction, a read a fraction of that. So where other
        writers often have written in between, an entity is read first.
        """
        return self._surprises < _MANY
