"""`run-ledger digest`: look at digests, and at who gets them."""

import argparse
import json
from datetime import date
from typing import Any

from run_ledger.domain.exceptions import shown
from run_ledger.store.digests.digest_records import DigestReader, DigestRecords, address_digest
from run_ledger_ops.clients.changes import client_records
from run_ledger_ops.clients.digest_declarations import digest_text
from run_ledger_ops.console import target, terminal
from run_ledger_ops.console.arguments import Words, add_actions, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import say, say_json

_FUNCTION = "DigesterFunctionName"
_EPILOG = """\
examples:
  run-ledger digest show --client acme                    what the latest digest would tell
  run-ledger digest show --client acme --day 2026-11-22   what that of another day would
  run-ledger digest list                                  who gets digests, and who does not
  run-ledger digest on --client acme --address a@b.example   send them there again

Exit code: 0 done; 2 the command could not start, or the digest could not be made."""


def add_to(commands: Words) -> None:
    """Add the command `digest`."""
    parser = add_command(
        commands,
        "digest",
        help="look at digests, and at who gets them",
        description="Look at the digests that clients get by mail, and at who gets them.",
        epilog=_EPILOG,
    )
    actions = add_actions(parser)
    show = actions.add_parser(
        "show",
        help="print what a digest would tell",
        description="Print what a digest of a client would tell. Nothing is sent.",
    )
    set_work(show, _show)
    show.add_argument("--client", metavar="CLIENT", required=True, help="whose digest")
    show.add_argument(
        "--day",
        type=_day,
        metavar="DAY",
        help="about this day, YYYY-MM-DD, or its week (default: the last one that is over)",
    )
    listing = actions.add_parser(
        "list",
        help="list who gets digests",
        description="List the digests that clients declare, and who gets them.",
    )
    set_work(listing, _list)
    for one in (show, listing):
        one.add_argument("--json", action="store_true", help="print JSON")
    for name, work, words in (
        ("off", _switch_off, "send a client's digests no longer to a mail address"),
        ("on", _switch_on, "send a client's digests to a mail address again"),
    ):
        switch = actions.add_parser(name, help=words, description=f"{words.capitalize()}.")
        set_work(switch, work)
        switch.add_argument("--client", metavar="CLIENT", required=True, help="whose digests")
        switch.add_argument("--address", metavar="ADDRESS", required=True, help="the mail address")
    for one in actions.choices.values():
        target.add_options(one)


def _day(text: str) -> str:
    try:
        return str(date.fromisoformat(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"got {shown(text)}; allowed: a day, as 2026-11-22"
        ) from error


def _show(given: argparse.Namespace) -> int:
    system = _telling(given)
    asked = {"client_id": given.client}
    if given.day is not None:
        asked["day"] = given.day
    called = system.client("lambda").invoke(
        FunctionName=system.outputs[_FUNCTION],
        Qualifier="live",
        Payload=json.dumps({"show": asked}).encode(),
    )
    answer = json.loads(called["Payload"].read())
    if "FunctionError" in called:
        raise OpsError(f"the digest can't be made: {shown(answer.get('errorMessage', answer))}")
    if given.json:
        say_json({"system": system.name, **answer})
        return 0
    say(answer["text"].rstrip())
    say("")
    if not answer["is_declared"]:
        say(f"Client {given.client} declares no digest: nobody gets this.")
    elif answer["is_empty"]:
        say("Nothing happened in these days, and nothing is wrong.")
    number = answer["recipients"]
    who = "1 mail address gets" if number == 1 else f"{number} mail addresses get"
    say(f"{who} the digests of client {given.client}.")
    return 0


def _list(given: argparse.Namespace) -> int:
    system = _telling(given)
    found = _standings(system)
    if given.json:
        say_json({"system": system.name, "digests": found})
        return 0
    for one in found:
        say(f"{one['client_id']}: {one['digest']}")
        for each in one["addresses"]:
            say(f"  {each['address']} by {each['channel']}{_off_words(each)}")
    if not found:
        say("No client declares a digest.")
    return 0


def _standings(system: Target) -> list[dict[str, Any]]:
    """Return who gets which digests, of each client that declares one."""
    records = client_records(system.dynamodb, system.tables.clients)
    digests = DigestRecords(system.dynamodb, system.tables.incidents)
    found = []
    for client_id in records.directory():
        record = records.read(client_id, references=False).record
        if record is None or record.digest is None:
            continue
        off = {one.address_digest: one for one in digests.switched_off(client_id)}
        addresses = [
            {
                "address": address,
                "channel": channel.name,
                "switched_off_at": None if is_off is None else is_off.at,
                "switched_off_by": None if is_off is None else is_off.by,
            }
            for channel in record.channels
            if channel.kind == "mail" and (not record.digest.to or channel.name in record.digest.to)
            for address in channel.recipients
            for is_off in [off.get(address_digest(address))]
        ]
        digest = digest_text(record.digest)
        found.append({"client_id": client_id, "digest": digest, "addresses": addresses})
    return found


def _switch_off(given: argparse.Namespace) -> int:
    system = _telling(given)
    records, reader = _switched(system, given)
    records.switch_off(reader, terminal.clock(), "operator")
    say(f"{given.address} gets no digests of client {given.client} any more.")
    return 0


def _switch_on(given: argparse.Namespace) -> int:
    system = _telling(given)
    records, reader = _switched(system, given)
    records.switch_on(reader)
    say(f"{given.address} gets the digests of client {given.client} again.")
    return 0


def _switched(system: Target, given: argparse.Namespace) -> tuple[DigestRecords, DigestReader]:
    """Return what is to be switched; raises OpsError for an address that gets no digests."""
    known = {
        each["address"].lower()
        for one in _standings(system)
        if one["client_id"] == given.client
        for each in one["addresses"]
    }
    if given.address.lower() not in known:
        raise OpsError(
            f"{shown(given.address)} is no mail address of a digest of client "
            f"{shown(given.client)}: `run-ledger digest list` names them."
        )
    records = DigestRecords(system.dynamodb, system.tables.incidents)
    return records, DigestReader(given.client, address_digest(given.address))


def _telling(given: argparse.Namespace) -> Target:
    system = target.find(given)
    if _FUNCTION not in system.outputs:
        raise OpsError("this stage tells nobody: deploy it with Telling=true.")
    return system
