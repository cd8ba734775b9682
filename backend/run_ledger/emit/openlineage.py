"""A transport for the public `openlineage-python` client: its run events become job events.

Airflow, dbt, Dagster and all else that uses that client report to the ledger by configuration
alone. In `openlineage.yml`:

    transport:
      type: run_ledger.emit.openlineage.RunLedgerTransport
      bus: my-ledger-bus
      client_id: acme
      project_id: "{namespace}"
      pipeline: "{name}"

or in the environment, where Airflow and dbt look as well:

    OPENLINEAGE__TRANSPORT__TYPE=run_ledger.emit.openlineage.RunLedgerTransport
    OPENLINEAGE__TRANSPORT__BUS=my-ledger-bus
    OPENLINEAGE__TRANSPORT__CLIENT_ID=acme

| option | meaning |
|---|---|
| `bus`, `region`, `endpoint_url` | where events go; absent: what `RunLedger()` finds |
| `client_id`, `project_id`, `pipeline` | whose jobs these are; `{namespace}`, `{name}`, `{root}` |
| `namespaces` | by job namespace (`team-*` for many): the three above, where they differ |
| `tags` | tags that every job gets |
| `heartbeat_seconds` | after so many seconds of silence a job is shown as stalled (a day) |
| `airflow_attempts` | whether all attempts at an Airflow task are one job (yes) |
| `job_types` | only these types of jobs, as `[JOB, MODEL]`, or all but these, as `[-SQL]` |
| `flush_seconds` | for how many seconds to wait until the bus has an event (2); 0: do not wait |

Set `airflow_attempts` to false where Airflow's provider is so old that only its START events carry
`try_number`: the end must be the end of the same attempt. Each attempt is a job of its own then.

**Nothing is lost with a process.** Airflow reports from a forked process that may end as soon as an
event was emitted. So each event is on disk, in the spool, before `emit` returns; then `emit` waits
for the bus. What the bus did not take meanwhile is sent by the next process on this machine that
reports to the same bus (in Airflow, the scheduler or a later task), or by
`run-ledger spool flush`. Where the disk ends with the task, as in a container of its own, there is
no next process: set `flush_seconds` to what an outage may cost each event (5, say; Airflow ends the
reporting process after 10 by itself), or `RUN_LEDGER_SPOOL` to a volume that stays. The first event
of a process may take up to six seconds more, while the AWS SDK starts on a busy machine.

`run_ledger.emit.lineage.run_events` says what becomes of each part of a run event. Events about
datasets or jobs alone have no run, so they are counted and left out, as are jobs of a type that
`job_types` leaves out. Nothing here raises: what can't be understood is counted in `stats()` and
logged once. With a wrong configuration that is each event.

Spark's own listener runs in Java and can't load this; it reports over HTTP, to the intake.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from openlineage.client.serde import Serde
from openlineage.client.transport.transport import Config, Transport

from run_ledger.emit.ledger import RunLedger
from run_ledger.emit.lineage import (
    LineageAdapter,
    LineageRules,
    UnusableEvent,
    read_rules,
    without_run,
)
from run_ledger.emit.lineage.rules import OPTIONS, option_text

_log = logging.getLogger("run_ledger.emit.openlineage")
_TARGET = ("bus", "region", "endpoint_url")
_OPTIONS = {*_TARGET, *OPTIONS, "flush_seconds", "type", "name", "priority"}
_FLUSH_SECONDS = 2.0
_START_SECONDS = 6.0  # with the two above less than the ten after which Airflow ends the process
_LONGEST_CLOSE_SECONDS = 5.0
_HURRY_SECONDS = 60.0
_MOST_LINES = 20  # that are logged once each; later ones are only counted


class RunLedgerConfig(Config):
    """The options of the transport; `problem` is what is wrong with them, or None."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.problem: str | None = None
        self.target: dict[str, Any] = {}
        self.rules = LineageRules()
        self.flush_seconds = _FLUSH_SECONDS
        try:
            self._read(params)
        except (TypeError, ValueError) as error:
            self.problem = str(error)

    @classmethod
    def from_dict(cls, params: dict[str, Any]) -> RunLedgerConfig:
        """Read the options that the client found for this transport."""
        return cls(params)

    def _read(self, params: Mapping[str, Any]) -> None:
        unknown = sorted(set(params) - _OPTIONS)
        if unknown:
            raise ValueError(
                f"unknown option {unknown[0]!r}; allowed: {', '.join(sorted(_OPTIONS))}"
            )
        self.target = {name: option_text(params, name) for name in _TARGET if name in params}
        self.flush_seconds = float(params.get("flush_seconds", _FLUSH_SECONDS))
        self.rules = read_rules(params)


class RunLedgerTransport(Transport):
    """Sends run events to the ledger's bus."""

    kind = "run_ledger"
    config_class = RunLedgerConfig

    def __init__(self, config: RunLedgerConfig, ledger: RunLedger | None = None) -> None:
        """Report to *ledger*, else to one for the bus of *config*, made at the first event."""
        self._config = config
        self._ledger = ledger
        self._adapter = LineageAdapter(config.rules)
        self._logged: set[str] = set()
        self._hurries_until = 0.0
        self._counts = dict.fromkeys(
            (
                *("sent", "kept", "unsafe"),
                *("dataset_events", "job_events", "left_out", "unusable_events", "faults"),
            ),
            0,
        )
        if config.problem is not None:
            self._log_once(f"no events are reported: {config.problem}")

    def emit(self, event: Any) -> None:
        """Report one event of the client; count and log once what goes wrong."""
        try:
            self._report(event)
        except UnusableEvent as error:
            self._counts["unusable_events"] += 1
            self._log_once(f"left an event out: {error}")
        except Exception as error:  # noqa: BLE001 the pipeline must not feel that reporting failed
            self._counts["faults"] += 1
            self._log_once(f"could not report an event: {type(error).__name__}: {error}")

    def close(self, timeout: float = -1) -> bool:
        """Send all within *timeout* seconds, at most five, or put the rest on disk."""
        if self._ledger is None:
            return True
        seconds = _LONGEST_CLOSE_SECONDS if timeout < 0 else min(timeout, _LONGEST_CLOSE_SECONDS)
        try:
            return self._ledger.close(seconds)
        except Exception as error:  # noqa: BLE001 as above
            self._log_once(f"could not send what waits: {type(error).__name__}: {error}")
            return False

    def stats(self) -> dict[str, int]:
        """Return what became of the events so far, such as ``{"sent": 12, "kept": 0, …}``.

        The bus took those that were ``sent``; those that were ``kept`` are on disk and sent later;
        those that are ``unsafe`` were in memory alone when `emit` returned. ``dataset_events`` and
        ``job_events`` have no run; jobs of a type that `job_types` excludes are ``left_out``.
        ``unusable_events`` can't be understood; ``faults`` are exceptions inside this module.
        """
        return dict(self._counts)

    def _report(self, event: Any) -> None:
        content = Serde.to_dict(event)
        if kind := without_run(content):
            self._counts[f"{kind}_events"] += 1
            return
        if self._config.problem is not None:
            raise UnusableEvent(self._config.problem)
        detail = self._adapter.job_event(content)
        if detail is None:
            self._counts["left_out"] += 1
            return
        ledger = self._open_ledger()
        ledger.send("job_update", detail)
        self._bring_into_safety(ledger)

    def _bring_into_safety(self, ledger: RunLedger) -> None:
        """Put an event on disk, and wait a little until the bus has it.

        After one event could not be sent in time, others of this process don't wait for a minute.
        """
        is_hurried = time.monotonic() < self._hurries_until
        seconds = 0.0 if is_hurried else self._config.flush_seconds
        if ledger.deliver(seconds, start_seconds=_START_SECONDS if seconds > 0 else 0.0):
            self._counts["sent"] += 1
            return
        if seconds > 0:
            self._hurries_until = time.monotonic() + _HURRY_SECONDS
        if ledger.flush(0.0):
            self._counts["kept"] += 1
        else:
            self._counts["unsafe"] += 1
            self._log_once("neither the bus nor the disk took an event; it is in memory alone")

    def _open_ledger(self) -> RunLedger:
        if self._ledger is None:
            self._ledger = RunLedger(**self._config.target, source="run-ledger.openlineage")
        return self._ledger

    def _log_once(self, sentence: str) -> None:
        if sentence not in self._logged and len(self._logged) < _MOST_LINES:
            self._logged.add(sentence)
            _log.error("run-ledger: %s", sentence)
