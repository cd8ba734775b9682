"""`run-ledger alerts expected`: what is expected of pipelines, who says so, and what counts."""

import argparse
from collections.abc import Collection, Iterator

import msgspec
from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.incidents.expectations import (
    MOST_EXPECTATIONS,
    Announcement,
    Expectation,
    counting,
)
from run_ledger.domain.instants import Instant
from run_ledger.schedules import slots
from run_ledger.store.clients.announced_reads import read_announced
from run_ledger.store.clients.watched_clients import read_watched
from run_ledger_ops.clients.expectations_file import expectation_text
from run_ledger_ops.console import target, terminal
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import say, say_json

_DECLARED = "the clients' file says otherwise"
_OVER = "no event has said so for too long"
_TOO_MANY = f"{MOST_EXPECTATIONS} of the client's others come before it"


class ExpectationStanding(Struct, frozen=True):
    """What is expected of a client's pipeline, in words, and whether it counts.

    ``said_at`` is when the last event happened that says so; None where the clients' file does.
    ``left_out`` says why it does not count, None where it does.
    """

    client_id: str
    pipeline: str
    project_id: str | None
    expectation: str
    said_at: str | None = None
    left_out: str | None = None

    @property
    def line(self) -> str:
        """Return it on one line."""
        source = "the clients' file"
        if self.said_at is not None:
            source = f"events, last at {instants.clock_text(instants.parse(self.said_at))}"
        left_out = "" if self.left_out is None else f"; does not count: {self.left_out}"
        return f"{self.expectation} (by {source}{left_out})"


def list_expected(given: argparse.Namespace) -> int:
    """List what is expected, of one client or of all."""
    system = target.find(given)
    found = [
        one
        for one in expectation_standings(system, terminal.clock())
        if given.client in (None, one.client_id)
    ]
    if given.json:
        say_json({"system": system.name, "expected": msgspec.to_builtins(found)})
        return 0
    for client_id in dict.fromkeys(one.client_id for one in found):
        say(f"client {client_id}")
        for one in found:
            if one.client_id == client_id:
                say(f"  {one.line}")
    if not found:
        whose = "any client" if given.client is None else f"client {given.client}"
        say(f"Nothing is expected of {whose}, neither by the clients' file nor by events.")
    return 0


def expectation_standings(system: Target, now: Instant) -> list[ExpectationStanding]:
    """Return what the clients' file and events say, by client; raises StoreUnavailable."""
    declared, unreadable = read_watched(system.dynamodb, system.tables.clients)
    if unreadable:
        raise OpsError(
            f"what {', '.join(unreadable)} expects can't be read: apply the clients' file again."
        )
    announced = read_announced(system.dynamodb, system.tables.entries, now, lambda: float("inf"))
    by_client = {one.client_id: one.expect for one in declared}
    return [
        standing
        for client_id in sorted({*by_client, *announced})
        for standing in _of_client(
            client_id, by_client.get(client_id, ()), announced.get(client_id, ()), now
        )
    ]


def _of_client(
    client_id: str,
    declared: Collection[Expectation],
    announced: Collection[Announcement],
    now: Instant,
) -> Iterator[ExpectationStanding]:
    for one in declared:
        yield _standing(client_id, one)
    counted, _ = counting(announced, declared, now, slots)
    pipelines = {one.pipeline for one in declared}
    for said in announced:
        expected = said.expectation
        if expected is None:
            continue
        left_out = None
        if expected not in counted:
            is_over = said.is_over(now, slots)
            left_out = _OVER if is_over else _TOO_MANY
            left_out = _DECLARED if expected.pipeline in pipelines else left_out
        at = instants.text(said.said_at)
        yield _standing(client_id, expected, at, left_out)


def _standing(
    client_id: str, one: Expectation, said_at: str | None = None, left_out: str | None = None
) -> ExpectationStanding:
    text = expectation_text(one)
    return ExpectationStanding(client_id, one.pipeline, one.project, text, said_at, left_out)
