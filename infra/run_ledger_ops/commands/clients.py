"""`run-ledger clients`: declare clients and their configuration in a file, or export them."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from run_ledger.domain.exceptions import NotFound, shown
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.store.clients.client_records import ClientRecords
from run_ledger.store.items.client_items import ClientRecord
from run_ledger_ops.clients import declaration
from run_ledger_ops.clients.changes import (
    ClientChange,
    change_to,
    client_records,
    document,
    lines,
    removal,
)
from run_ledger_ops.clients.channel_declarations import is_local_only
from run_ledger_ops.clients.text import text_of
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_actions, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import Progress, say, say_json, warn

_TELLER = "TellerFunctionName"
_DESCRIPTION = """\
Declare the clients and their configuration in a file. Applying the file makes the ledger match it;
applying it again changes nothing."""
_EPILOG = """\
the file is YAML; put text in quotes that YAML would read as something else (no, 0.85, 2026-11-22):

  staff:                                          # optional: who hears of all clients
    channels:
      desk: {mail: [data-desk@ledger.example]}
    alerts:
      - {what: failed, after: 10}
    digest: weekly
  clients:
    - id: acme
      name: Acme Retail
      description: Product data, four markets     # optional, as are contact and tags
      contact: data-team@acme.example
      tags: {region: eu}
      expect:
        - {pipeline: nightly, cron: "0 2 * * *", timezone: Europe/Berlin}
      alerts:                                     # who hears of them: docs/telling.md
        - {what: failed, pipeline: nightly, after: 3, grace: 10m}
      parameters:
        - name: confidence_threshold
          description: Matches below this go to a person
          value: "0.85"
        - name: warehouse_password
          description: Login of the export
          secret: arn:aws:secretsmanager:eu-central-1:123456789012:secret:acme/warehouse-AbCdEf
        - name: token_endpoint
          value: https://login.acme.example/token
          not_secret: an address, which everybody may know
      aws_jobs:                                   # in a stage with AwsJobs=true
        - {state_machine: orders-*, project: catalogue, counters: {records_ok: $.summary.ok}}

Of `aws_jobs`, docs/aws-jobs.md says what may be declared.

Whoever may see a client sees its parameters. So never write a secret into the file: keep it in
Secrets Manager or SSM, and give its ARN as `secret`. A value that looks like a secret, by its name
or its form, is refused, unless `not_secret` says why it is none; that reason is stored beside it.

examples:
  run-ledger clients apply clients.yaml --dry-run   says what would change
  run-ledger clients apply clients.yaml             changes it
  run-ledger clients export > clients.yaml          writes what is declared
  run-ledger clients export acme --references       with the ARNs of secrets, for another stage"""


def add_to(commands: Words) -> None:
    """Add the command `clients`."""
    parser = add_command(
        commands,
        "clients",
        help="declare clients and their configuration in a file, or export them",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    actions = add_actions(parser)
    _add_apply(actions)
    _add_export(actions)


def _add_apply(actions: Words) -> None:
    parser = actions.add_parser(
        "apply",
        help="make the declared clients match a file",
        description="Make the declared clients match a file. Parameters that the file lacks "
        "are removed; clients that it does not name stay, as does what staff declare, unless "
        "--prune is given.",
    )
    set_work(parser, _apply)
    parser.add_argument("file", type=Path, metavar="FILE", help="the YAML file")
    parser.add_argument(
        "--dry-run", action="store_true", help="show what would change, and change nothing"
    )
    parser.add_argument("--json", action="store_true", help="print what changes as JSON")
    parser.add_argument(
        "--prune",
        action="store_true",
        help="remove clients that the file does not name, after asking; their jobs stay",
    )
    parser.add_argument("--yes", action="store_true", help="answer --prune's question with yes")
    target.add_options(parser)


def _add_export(actions: Words) -> None:
    parser = actions.add_parser(
        "export",
        help="write the declared clients as such a file",
        description="Write the declared clients as a file; applying that file changes nothing. "
        "Without --references it has `secret: withheld` in place of a secret's ARN, and `apply` "
        "then keeps the stored ARN.",
    )
    set_work(parser, _export)
    parser.add_argument("clients", metavar="CLIENT", nargs="*", help="only these (default: all)")
    parser.add_argument(
        "--references",
        action="store_true",
        help="write the ARNs of secrets, too; never their values",
    )
    target.add_options(parser)


def records_of(system: Target) -> ClientRecords:
    """Return what reads and writes the declared clients of a system."""
    return client_records(system.dynamodb, system.tables.clients)


def warn_of_undeclared(system: Target, client_ids: Sequence[str]) -> None:
    """Warn of clients that nobody has declared, as a mistyped id would show nobody anything."""
    declared = records_of(system).directory() if client_ids else {}
    for client_id in client_ids:
        if client_id not in declared:
            warn(f"Note: no client {client_id} is declared; its jobs show once it reports.")


# ------------------------------------------------------------------------------- actions


def _apply(given: argparse.Namespace) -> int:
    declared = declaration.read(given.file)
    system = target.find(given)
    _refuse_local_channels(system, declared)
    records = records_of(system)
    changes = _plan(records, declared, prune=given.prune)
    if not given.json:
        for change in changes:
            for line in lines(change):
                say(line)
    due = [change for change in changes if change.change is not None]
    if not given.dry_run and due:
        _confirm([change.whose for change in due if change.change == "removed"], given)
        _write(records, due)
    if given.json:
        documents = [document(change) for change in changes]
        say_json({"system": system.name, "dry_run": given.dry_run, "clients": documents})
    else:
        say(_summary(changes, dry_run=given.dry_run))
    _warn_of_silence(system, declared)
    return 0


def _warn_of_silence(system: Target, declared: Sequence[ClientRecord]) -> None:
    """Warn where nobody is told of what the file declares, as the stage is not made for it."""
    is_asked = any(one.alerts or one.expect or one.digest for one in declared)
    if is_asked and _TELLER not in system.outputs:
        warn(
            "Note: this stage tells nobody: deploy it with Telling=true, and alerts, expectations "
            "and digests take effect."
        )
    mails = [
        f"{_place(one)}.channels.{channel.name}"
        for one in declared
        for channel in one.channels
        if channel.kind == "mail"
    ]
    if mails and not system.is_local and not system.parameters.get("MailFrom"):
        others = f" and {len(mails) - 1} more" if len(mails) > 1 else ""
        warn(
            f"Note: this stage sends no mail, so nobody is told by {mails[0]}{others}: deploy it "
            "with MailIdentityArn=ARN MailFrom=ADDRESS."
        )


def _place(record: ClientRecord) -> str:
    """Return what a record is called where something is wrong with it, as in the file."""
    return "staff" if record.is_of_staff else record.client_id


def _refuse_local_channels(system: Target, declared: Sequence[ClientRecord]) -> None:
    """Raise OpsError where a channel leads to this machine, and the system is elsewhere."""
    for record in declared:
        for channel in record.channels:
            if is_local_only(channel) and not system.is_local:
                raise OpsError(
                    f"{_place(record)}.channels.{channel.name}: files and addresses of this "
                    "machine are for a local stack; allowed: https and ARNs."
                )


def _plan(
    records: ClientRecords, declared: Sequence[ClientRecord], *, prune: bool
) -> list[ClientChange]:
    named = {record.client_id for record in declared}
    others = [other for other in records.directory() if other not in named] if prune else []
    if prune and STAFF not in named and records.read(STAFF).record is not None:
        others.append(STAFF)
    with Progress("reading clients", len(declared) + len(others)) as progress:
        changes = []
        for record in declared:
            changes.append(change_to(records.read(record.client_id), record))
            progress.add()
        for other in others:
            changes.append(removal(records.read(other)))
            progress.add()
    return changes


def _confirm(removed: Sequence[str], given: argparse.Namespace) -> None:
    """Ask whether these clients are to be removed; OpsError where the answer is not yes."""
    if not removed or given.yes:
        return
    warn(f"--prune removes {len(removed)} clients: {', '.join(removed)}")
    if not sys.stdin.isatty():
        raise OpsError("nobody is there to answer: say --yes if they are to be removed.")
    warn("Type yes to go on:")
    if sys.stdin.readline().strip() != "yes":
        raise OpsError("nothing was changed.")


def _write(records: ClientRecords, changes: Sequence[ClientChange]) -> None:
    with Progress("writing clients", len(changes)) as progress:
        for change in changes:
            if not records.write(change.stored, change.wanted):
                raise OpsError(
                    f"somebody else changed {change.whose} meanwhile: {progress.done} of "
                    f"{len(changes)} changed clients were written. Look at it with --dry-run, and "
                    "apply again."
                )
            progress.add()


def _summary(changes: Sequence[ClientChange], *, dry_run: bool) -> str:
    kinds = [change.change for change in changes]
    if not any(kinds):
        return "Nothing to change."
    counts = ", ".join(
        f"{kinds.count(kind)} {kind}" for kind in ("added", "changed", "removed") if kind in kinds
    )
    return f"{'Would be' if dry_run else 'Done'}: {counts}, {kinds.count(None)} unchanged."


def _export(given: argparse.Namespace) -> int:
    records = records_of(target.find(given))
    found = []
    chosen = list(dict.fromkeys(given.clients)) or list(records.directory())
    staff = None if given.clients else records.read(STAFF, references=given.references).record
    if staff is not None:
        found.append(staff)
    with Progress("reading clients", len(chosen)) as progress:
        for client_id in chosen:
            stored = records.read(client_id, references=given.references)
            if stored.record is None:
                raise NotFound(f"no client {shown(client_id)} is declared.")
            found.append(stored.record)
            progress.add()
    if not found:
        warn("No clients are declared.")
    say(text_of(found).rstrip("\n"))
    return 0
