"""`run-ledger digest`: look at digests, and at who gets them."""

import argparse
import json
from datetime import date

import msgspec

from run_ledger.domain.exceptions import shown
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.store.digests.digest_records import DigestReader, DigestRecords, address_digest
from run_ledger_ops.checks.digest_standings import digest_standings
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
  run-ledger digest show --staff                          what that about all clients would
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
        description="Print what a digest would tell. Nothing is sent.",
    )
    set_work(show, _show)
    _add_whose(show)
    show.add_argument(
        "--day",
        type=_day,
        metavar="DAY",
        help="about this day, YYYY-MM-DD, or its week (default: the last one that is over)",
    )
    listing = actions.add_parser(
        "list",
        help="list who gets digests",
        description="List the digests that staff and clients declare, and who gets them.",
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
        _add_whose(switch)
        switch.add_argument("--address", metavar="ADDRESS", required=True, help="the mail address")
    for one in actions.choices.values():
        target.add_options(one)


def _add_whose(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--client", metavar="CLIENT", help="of this client")
    whose.add_argument(
        "--staff",
        dest="client",
        action="store_const",
        const=STAFF,
        help="of staff, for all clients",
    )


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
        verb = "declare" if given.client == STAFF else "declares"
        say(f"{_whose(given).capitalize()} {verb} no digest: nobody gets this.")
        return 0
    if answer["is_empty"]:
        say("Nothing happened in these days, and nothing is wrong.")
    number = answer["recipients"]
    who = "1 mail address gets" if number == 1 else f"{number} mail addresses get"
    say(f"{who} the digests of {_whose(given)}.")
    for one in digest_standings(system):
        for each in one.addresses if one.client_id == given.client else ():
            if each.off_words:
                say(f"{each.address} by {each.channel}{each.off_words}")
    return 0


def _list(given: argparse.Namespace) -> int:
    system = _telling(given)
    found = digest_standings(system)
    if given.json:
        say_json({"system": system.name, "digests": msgspec.to_builtins(found)})
        return 0
    for one in found:
        say(f"{one.whose}: {one.digest}")
        for each in one.addresses:
            say(f"  {each.address} by {each.channel}{each.off_words}")
    if not found:
        say("Nobody declares a digest.")
    return 0


def _switch_off(given: argparse.Namespace) -> int:
    system = _telling(given)
    records, reader = _switched(system, given)
    records.switch_off(reader, terminal.clock(), "operator")
    say(f"{given.address} gets no digests of {_whose(given)} any more.")
    return 0


def _switch_on(given: argparse.Namespace) -> int:
    system = _telling(given)
    records, reader = _switched(system, given)
    records.switch_on(reader)
    say(f"{given.address} gets the digests of {_whose(given)} again.")
    return 0


def _switched(system: Target, given: argparse.Namespace) -> tuple[DigestRecords, DigestReader]:
    """Return what is to be switched; raises OpsError for an address that gets no digests."""
    known = {
        each.address.lower()
        for one in digest_standings(system)
        if one.client_id == given.client
        for each in one.addresses
    }
    if given.address.lower() not in known:
        raise OpsError(
            f"{shown(given.address)} is no mail address of a digest of {shown(_whose(given))}: "
            "`run-ledger digest list` names them."
        )
    records = DigestRecords(system.dynamodb, system.tables.incidents)
    return records, DigestReader(given.client, address_digest(given.address))


def _whose(given: argparse.Namespace) -> str:
    return "staff" if given.client == STAFF else f"client {given.client}"


def _telling(given: argparse.Namespace) -> Target:
    system = target.find(given)
    if _FUNCTION not in system.outputs:
        raise OpsError("this stage tells nobody: deploy it with Telling=true.")
    return system
