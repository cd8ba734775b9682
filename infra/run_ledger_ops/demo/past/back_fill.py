"""The back-fill: it posts the made-up past to a ledger."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from run_ledger.emit.delivery.bus import EVENTS_PER_CALL
from run_ledger_ops.demo.past.made_up_projects import opened_projects
from run_ledger_ops.demo.past.memory import Memory, Past
from run_ledger_ops.demo.past.timetable import jobs_done, past_families
from run_ledger_ops.demo.reporting.demo_events import DemoEvent
from run_ledger_ops.demo.reporting.patient_bus import PatientBus


@dataclass(slots=True)
class BackFill:
    """The made-up past of one ledger, and the bus to post it to."""

    bus: PatientBus
    memory: Memory
    clock: Callable[[], datetime]

    def post(self, past: Past, progress: Callable[[int, int], None]) -> int:
        """Post the past, latest days first, and return the number of its events.

        Calls *progress* with the number of posted events and that of all, again and again. A job's
        events go out together, as the writer makes one posting of what comes together.
        """
        now = self.clock()
        events = self._projects(past)
        for family in past_families(past.seed, past.first_day, now):
            events.extend(family.events)
            events.extend(event for event in family.afterwards if event.at <= now)
        for start in range(0, len(events), EVENTS_PER_CALL):
            end = min(start + EVENTS_PER_CALL, len(events))
            self.bus.post(events[start:end])
            progress(end, len(events))
        self.memory = replace(self.memory, past=past, posted_at=now)
        self.memory.save()
        return len(events)

    def carry_on(self, past: Past) -> None:
        """Post what has come of the projects and of abandoned jobs; what was posted counts once."""
        now = self.clock()
        events = self._projects(past)
        for family in past_families(past.seed, past.first_day, self.memory.posted_at or now):
            events.extend(event for event in family.afterwards if event.at <= now)
        self.bus.post(events)

    def _projects(self, past: Past) -> list[DemoEvent]:
        first = datetime.combine(past.first_day, time(tzinfo=UTC))
        now = self.clock()
        return opened_projects(past.seed, first, now, jobs_done(past.seed, first, now))
