"""Samples of failures as texts of a rollup item (see `run_ledger.domain.state.samples`).

======================  ======================================================================
``first``               the time of the first failure to occur
``type`` ``message``    what the last one said, cut to a length that keeps an item below 1 KB
``job_0`` … ``job_2``   the times and jobs of some of the last ones, each ``TIME#JOB``; the last
                        of all is among them
======================  ======================================================================

An update can't take the lesser or greater of two texts. So a writer sets a text where it takes the
failure for the first or the last, on the condition that the item agrees. It remembers what it has
seen of each item, so that what comes late sets nothing; and it learns from an item that disagrees.
What comes in order needs no condition to fail, and no read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from run_ledger.domain.instants import Instant, parse, text
from run_ledger.domain.state.samples import Sample
from run_ledger.store.dynamo.attributes import Attribute, from_item
from run_ledger.store.dynamo.expressions import UpdateBuilder

_FIRST, _TYPE, _MESSAGE = "first", "type", "message"
_JOBS = ("job_0", "job_1", "job_2")
_MOST_TYPE_CHARACTERS = 80
_MOST_MESSAGE_CHARACTERS = 240


class KeptSamples(Struct, frozen=True):
    """The failures that an item knows: when the first one was, and what the last one said.

    ``jobs`` are the times and jobs of some of the last ones.
    """

    first_at: Instant | None
    type: str | None
    message: str | None
    jobs: tuple[tuple[Instant, str], ...]

    @property
    def ends(self) -> SampleEnds | None:
        """Return which failures of the item are the first and the last; None without samples."""
        times = [at for at, _ in self.jobs]
        if self.first_at is not None:
            times.append(self.first_at)
        return SampleEnds(min(times), max(self.jobs, default=(min(times), ""))) if times else None


class SampleEnds(Struct, frozen=True):
    """What a writer knows of an item: it has a failure at or before one, and one at or after.

    ``last`` is a time and a job id.
    """

    first_at: Instant
    last: tuple[Instant, str]


def take_samples(
    update: UpdateBuilder, samples: Sequence[Sample], ends: SampleEnds | None
) -> SampleEnds:
    """Let *update* take in *samples*, one at least; return what is known of its item then.

    *ends* is what was known of it before, if anything. Where the item has a failure that lies
    before or after what this takes for the first or last, a condition fails.
    """
    ordered = sorted(samples, key=lambda one: one.place)
    first, last = ordered[0], ordered[-1]
    _take_first(update, first.at, ends)
    slots = {_slot(one.job_id): one for one in ordered}
    newer = {
        name: _text(one) for name, one in slots.items() if ends is None or ends.last < one.place
    }
    update.set(newer)
    for name, one in slots.items():
        if name not in newer:
            update.set_once(name, _text(one))
    if newer:
        for name in _JOBS:
            update.require_if_present(name, "<=", newer.get(name, _text(last)))
        _take_texts(update, last)
    if ends is None:
        return SampleEnds(first.at, last.place)
    return SampleEnds(min(ends.first_at, first.at), max(ends.last, last.place))


def _take_first(update: UpdateBuilder, at: Instant, ends: SampleEnds | None) -> None:
    if ends is None:
        update.set_once(_FIRST, text(at))
        update.require_if_present(_FIRST, "<=", text(at))
    elif at < ends.first_at:
        update.set({_FIRST: text(at)})
        update.require_if_present(_FIRST, ">", text(at))


def _take_texts(update: UpdateBuilder, last: Sample) -> None:
    for name, words, most in (
        (_TYPE, last.type, _MOST_TYPE_CHARACTERS),
        (_MESSAGE, last.message, _MOST_MESSAGE_CHARACTERS),
    ):
        if words is None:
            update.remove(name)
        else:
            update.set({name: _cut(words, most)})


def samples_of(item: Mapping[str, Attribute]) -> KeptSamples:
    """Return what an item knows of failures."""
    values = from_item({name: item[name] for name in _texts(item)})
    jobs = (values[name].partition("#") for name in _JOBS if name in values)
    return KeptSamples(
        first_at=parse(values[_FIRST]) if _FIRST in values else None,
        type=values.get(_TYPE),
        message=values.get(_MESSAGE),
        jobs=tuple((parse(at), job_id) for at, _, job_id in jobs),
    )


def _texts(item: Mapping[str, Attribute]) -> Iterable[str]:
    return (name for name in (_FIRST, _TYPE, _MESSAGE, *_JOBS) if name in item)


def _text(sample: Sample) -> str:
    return f"{text(sample.at)}#{sample.job_id}"


def _slot(job_id: str) -> str:
    return _JOBS[zlib.crc32(job_id.encode()) % len(_JOBS)]


def _cut(words: str, most: int) -> str:
    """Return *words*; of more than *most* characters the end becomes an ellipsis."""
    return words if len(words) <= most else words[: most - 1] + "…"
