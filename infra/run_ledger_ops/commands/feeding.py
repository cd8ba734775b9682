"""`run-ledger openlineage`: events of OpenLineage from files, as its transport reports them."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from run_ledger.emit import RunLedger
from run_ledger.emit.identity import environment as around
from run_ledger.emit.lineage import (
    LineageAdapter,
    LineageRules,
    UnusableEvent,
    read_rules,
    without_run,
)
from run_ledger.emit.lineage.rules import OPTIONS
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.input_file import read_file
from run_ledger_ops.console.terminal import Progress, say, say_json, warn
from run_ledger_ops.producer import options
from run_ledger_ops.producer.recordings import Recorded, Unreadable, recorded
from run_ledger_ops.producer.values import UnusableValue, pair

_INCOMPLETE = 1
_EVENTS_AT_ONCE = 2_000  # well below what fits into memory while the bus is slow
_SECONDS = 30.0
_MOST_SHOWN = 20  # problems
_DESCRIPTION = """\
Report recorded events of OpenLineage: what its file transport writes, or its console transport
prints. Each run becomes a job, as with the transport for OpenLineage's client. An event that was
reported before counts once."""
_EPILOG = f"""\
examples:
  run-ledger openlineage events.ndjson --client acme
  run-ledger openlineage spark-*.json.gz --client acme --project warehouse --pipeline '{{root}}'
  kubectl logs job/nightly | grep '^{{' | run-ledger openlineage - --config openlineage.yml --json

A file holds one event a line, an array of events, or events one after the other, and may be
gzipped. --client, --project and --pipeline may hold {{namespace}}, {{name}} and {{root}} (the name
up to its first dot). --config reads the options of the transport from a file; options of the
command line count before them.

{options.CONFIGURATION}

Exit code: 0 if all events of runs are reported or left out by --job-types, 1 if some can't be
understood (each is named, and the others are reported), wait on disk for the bus or are lost, 2 if
nothing can be done."""


@dataclass
class _Outcome:
    """How many events were read, and what became of them."""

    read: int = 0
    reported: int = 0
    left_out: int = 0
    about_datasets_or_jobs: int = 0
    unusable: int = 0
    problems: list[str] = field(default_factory=list)
    """What is wrong with the first unusable ones, and where they stand."""


def add_to(commands: Words) -> None:
    """Add `openlineage` to the command's words."""
    parser = add_command(
        commands,
        "openlineage",
        help="report recorded events of OpenLineage",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file, or - for standard input")
    options.add_owner(parser)
    rules = parser.add_argument_group("what becomes of an event")
    rules.add_argument("--pipeline", metavar="ID", help="what kind of work it is (default: {name})")
    rules.add_argument(
        "--job-types",
        metavar="A,B",
        help="report only these types of jobs; --job-types=-A,-B reports all but these",
    )
    rules.add_argument(
        "--tag", type=pair, action="append", metavar="NAME=TEXT", help="a tag; may repeat"
    )
    rules.add_argument(
        "--config", type=Path, metavar="FILE", help="openlineage.yml with the transport's options"
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    options.add_bus(parser)
    set_work(parser, _feed)


def _feed(given: argparse.Namespace) -> int:
    """Report all events of all files; return the exit code for what became of them."""
    stated = _transport(given.config) if given.config else {}
    for name in ("bus", "region", "endpoint_url"):
        if getattr(given, name) is None and not given.stage and not given.stack:
            setattr(given, name, stated.get(name))
    adapter = LineageAdapter(_rules(given, stated))
    missing = [one for one in given.files if one != "-" and not Path(one).exists()]
    if missing:
        raise OpsError(f"{missing[0]} is not there.")
    ledger = options.ledger_of(given, exit_seconds=_SECONDS)
    if not ledger.enabled:
        raise OpsError("there is no bus to report to: pass --bus, or set RUN_LEDGER_BUS.")
    outcome = _Outcome()
    sizes = [Path(one).stat().st_size for one in given.files if one != "-"]
    total = sum(sizes) if len(sizes) == len(given.files) else None
    with Progress("bytes", total) as progress:
        for path in given.files:
            for one in recorded(path, progress.add):
                _report(one, path, adapter, ledger, outcome)
    is_safe = ledger.close(_SECONDS)
    return _tell(given, outcome, ledger, is_safe=is_safe)


def _report(
    one: Recorded, path: str, adapter: LineageAdapter, ledger: RunLedger, outcome: _Outcome
) -> None:
    outcome.read += 1
    try:
        if isinstance(one.content, Unreadable):
            raise UnusableEvent(one.content.problem)  # noqa: TRY301 - one place counts and tells
        if without_run(one.content):
            outcome.about_datasets_or_jobs += 1
            return
        detail = adapter.job_event(one.content)
    except UnusableEvent as error:
        outcome.unusable += 1
        if outcome.unusable <= _MOST_SHOWN:
            problem = f"{path}, {one.place}: {error}"
            outcome.problems.append(problem)
            warn(f"run-ledger openlineage: {problem}")
        return
    if detail is None:
        outcome.left_out += 1
        return
    ledger.send("job_update", detail)
    outcome.reported += 1
    if outcome.reported % _EVENTS_AT_ONCE == 0:
        ledger.flush(_SECONDS)


def _tell(given: argparse.Namespace, outcome: _Outcome, ledger: RunLedger, *, is_safe: bool) -> int:
    """Say what became of the events, and return the exit code."""
    stats = ledger.stats()
    lost = stats.lost + stats.refused + (0 if is_safe else stats.waiting)
    kept = max(0, outcome.reported - stats.accepted - lost) if stats.spooled else 0
    if given.json:
        more = {"job_events_kept": kept, "job_events_lost": lost, "trouble": stats.last_error}
        say_json({**asdict(outcome), **more})
    else:
        say(
            f"{outcome.read:,} events read: {outcome.reported:,} reported, {outcome.left_out:,} of "
            f"types that are left out, {outcome.about_datasets_or_jobs:,} about datasets or jobs, "
            f"{outcome.unusable:,} that can't be understood"
        )
    if outcome.unusable > _MOST_SHOWN:
        warn(f"run-ledger openlineage: and {outcome.unusable - _MOST_SHOWN:,} more such events")
    if kept or lost:
        warn(
            f"run-ledger openlineage: the bus did not take all: {kept:,} job events wait on disk, "
            f"{lost:,} are lost ({stats.last_error})"
        )
    return _INCOMPLETE if outcome.unusable or kept or lost else 0


def _rules(given: argparse.Namespace, stated: Mapping[str, Any]) -> LineageRules:
    """Return the rules of the configuration file, and of the command line above it."""
    said = {
        "client_id": given.client or stated.get("client_id") or around.value("CLIENT_ID"),
        "project_id": given.project or stated.get("project_id") or around.value("PROJECT_ID"),
        "pipeline": given.pipeline or stated.get("pipeline") or around.value("PIPELINE"),
        "job_types": given.job_types or stated.get("job_types"),
    }
    wanted = {name: value for name, value in stated.items() if name in OPTIONS}
    wanted |= {name: value for name, value in said.items() if value is not None}
    try:
        for one in given.tag or ():
            if isinstance(one, UnusableValue):
                raise OpsError(f"--tag is {one.text!r:.80}; allowed: {one.allowed}.")
            wanted["tags"] = {**(wanted.get("tags") or {}), one[0]: one[1]}
        return read_rules(wanted)
    except (TypeError, ValueError) as error:
        more = "" if wanted.get("client_id") else " (pass --client, or set RUN_LEDGER_CLIENT_ID)"
        raise OpsError(f"{error}{more}.") from error


def _transport(path: Path) -> dict[str, Any]:
    """Return the options of the transport in a configuration file of OpenLineage."""
    try:
        import yaml  # noqa: PLC0415 - only operators have it
    except ModuleNotFoundError as error:
        raise OpsError('--config needs PyYAML: pip install "run-ledger[ops]".') from error
    try:
        document = yaml.safe_load(read_file(path).decode("utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise OpsError(f"{path} can't be read: {' '.join(str(error).split())}") from error
    transport = document.get("transport") if isinstance(document, dict) else None
    if not isinstance(transport, dict):
        raise OpsError(f"{path} has no mapping `transport`.")
    return transport
