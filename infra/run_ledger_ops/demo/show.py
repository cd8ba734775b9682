"""The back-fill and the stream, posted to a ledger."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from run_ledger_ops.demo.bus import ENTRIES_PER_CALL, Bus
from run_ledger_ops.demo.events import DemoEvent
from run_ledger_ops.demo.memory import Memory, Past
from run_ledger_ops.demo.projects import opened_projects, project_events
from run_ledger_ops.demo.timetable import (
    LONGEST_FAMILY,
    Window,
    past_families,
    stream,
    unfinished_events,
)

_TICK_SECONDS = 1.0
_SAVE_EVERY = timedelta(seconds=5)
_LEAD_IN = timedelta(minutes=3)
_LONGEST_HOLD_UP = timedelta(minutes=10)


class Progress(Protocol):
    """Who is told how far the back-fill is."""

    def __call__(self, done: int, total: int) -> None:
        """Take note that so many events of so many are posted."""


@dataclass(slots=True)
class Show:
    """Simulated pipelines at work for one ledger."""

    bus: Bus
    memory: Memory
    seed: int
    jobs_per_minute: float
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]

    def back_fill(self, past: Past, progress: Progress) -> int:
        """Tell the past, latest days first, and give the number of its events.

        A job's events go out together, for the writer makes one posting of what comes together.
        """
        now = self.clock()
        events = opened_projects(datetime.combine(past.first_day, time(tzinfo=UTC)), now)
        for family in past_families(past.seed, past.first_day, now):
            events.extend(family.events)
        for start in range(0, len(events), ENTRIES_PER_CALL):
            end = min(start + ENTRIES_PER_CALL, len(events))
            self.bus.post(events[start:end])
            progress(end, len(events))
        self.memory = replace(self.memory, past=past)
        self.memory.save()
        return len(events)

    def go_on(self) -> None:
        """Post events as they happen, until an exception ends it."""
        while True:
            self._follow_stream()

    def _follow_stream(self) -> None:
        """Post the stream, until it was held up for so long that it is better begun anew.

        What began before a pause goes on after it, however long that was, as pipelines that kept
        their events to themselves meanwhile would; what would have begun during the pause did not.
        """
        now = self.clock()
        earlier = self._windows_to_finish(now)
        since = now - _LEAD_IN
        unfinished: list[DemoEvent] = []
        if earlier:
            told_until = earlier[-1].until
            since = max(since, told_until)
            # What was being posted when the last run ended may have reached the bus in part.
            earlier[-1] = replace(earlier[-1], until=min(told_until + _LEAD_IN, since))
            unfinished = list(unfinished_events(earlier, told_until))
            self.bus.post(project_events(told_until, since))
        else:
            self.bus.post(opened_projects(since, since))
        window = Window(since, since, self.seed, self.jobs_per_minute)
        self.memory = replace(self.memory, windows=(*earlier, window))
        events = stream(since, self.seed, self.jobs_per_minute, unfinished)
        try:
            self._post_as_it_happens(events, now)
        finally:
            self.memory.save()

    def _post_as_it_happens(self, events: Iterator[DemoEvent], now: datetime) -> None:
        *earlier, window = self.memory.windows
        event, saved_at = next(events), now
        while now - window.until <= _LONGEST_HOLD_UP:
            due = []
            while event.at < now:
                due.append(event)
                event = next(events)
            self.bus.post(due)
            window = replace(window, until=now)
            self.memory = replace(self.memory, windows=(*earlier, window))
            if now - saved_at >= _SAVE_EVERY:
                self.memory.save()
                saved_at = now
            self.sleep(_TICK_SECONDS)
            now = self.clock()

    def _windows_to_finish(self, now: datetime) -> list[Window]:
        """Give the windows whose families may still go on; a clock set back forgets them."""
        windows = [window for window in self.memory.windows if window.until <= now]
        if not windows:
            return []
        oldest = windows[-1].until - LONGEST_FAMILY
        return [window for window in windows if window.until >= oldest]
