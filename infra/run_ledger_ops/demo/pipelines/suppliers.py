"""Matching: the supplier of the master list that a mention means.

Candidates come from a block (suppliers that share a part of the name), and the most similar one is
taken if it is similar enough and clearly ahead of the next. Comparing costs the square of what is
compared, so a block has a limit; a finer one is tried where a coarse one is too large.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from run_ledger_ops.demo.pipelines.record_batches import LeftToPerson, SkippedRecord, open_batch

FILE = "mentions.csv"
COLUMNS = ("id", "name", "city", "country")
_MASTER, _MASTER_SIZE = "suppliers.csv", 140
_LEGAL_FORMS = {"ltd", "gmbh", "inc", "sa", "ab", "srl", "llc"}
_NOTHING = {"", "n/a", "-"}
_SIMILAR_ENOUGH, _CLEARLY_AHEAD = 0.80, 0.05
_SAME_PLACE = 0.06
_PART_OF_A_NAME = 0.85
COARSE, FINE = 1, 2  # characters of the name that a block shares


class BlockTooLargeError(RuntimeError):
    """So many candidates share a block that comparing them would take too long."""


class AmbiguousMatch(LeftToPerson):
    """Several suppliers fit a mention about as well."""


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier of the master list, its name brought to one way of writing."""

    id: str
    name: str
    city: str
    country: str


class Master:
    """The master list, in blocks that share the first letters of the name."""

    def __init__(self, letters: int, most_in_block: int) -> None:
        self._letters = letters
        self._most = most_in_block
        self._blocks: dict[str, list[Supplier]] = defaultdict(list)
        listed = open_batch(_MASTER, COLUMNS, 0, _MASTER_SIZE)
        for line in listed.records():
            fields = listed.fields(line)
            name = _plain(fields["name"])
            supplier = Supplier(fields["id"], name, fields["city"], fields["country"])
            self._blocks[name[:letters]].append(supplier)

    def match(self, mention: Mapping[str, str]) -> str | None:
        """Return the id of the supplier that is meant, None where no one is similar enough."""
        if mention["name"].lower() in _NOTHING:
            raise SkippedRecord("a mention without a name")
        name = _plain(mention["name"])
        block = self._blocks.get(name[: self._letters], [])
        if len(block) > self._most:
            raise BlockTooLargeError(
                f"{len(block)} candidates share {name[: self._letters]!r}; "
                f"at most {self._most} are compared"
            )
        ranked = sorted(((_score(name, mention, one), one.id) for one in block), reverse=True)
        if not ranked or ranked[0][0] < _SIMILAR_ENOUGH:
            return None
        if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < _CLEARLY_AHEAD:
            one, other = sorted(found for _, found in ranked[:2])
            raise AmbiguousMatch(f"{mention['name']!r} may be {one} or {other}")
        return ranked[0][1]


def _plain(name: str) -> str:
    words = name.lower().replace(".", "").replace("&", " ").split()
    return " ".join(word for word in words if word not in _LEGAL_FORMS)


def _score(name: str, mention: Mapping[str, str], supplier: Supplier) -> float:
    score = SequenceMatcher(None, name, supplier.name).ratio()
    if set(name.split()) <= set(supplier.name.split()):
        score = max(score, _PART_OF_A_NAME)
    for here, there in ((mention["city"], supplier.city), (mention["country"], supplier.country)):
        if here:
            score += _SAME_PLACE if here.lower() == there.lower() else -_SAME_PLACE
    return score
