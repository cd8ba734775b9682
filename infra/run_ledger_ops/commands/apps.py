"""`run-ledger apps`: lets other systems read or report, and binds producers to their clients."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import shown
from run_ledger.store.clients.reads import read_grant
from run_ledger.store.clients.report_grants import read_report_grant
from run_ledger_ops.commands import clients
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_actions, add_command, set_work
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.private_file import PrivateFile
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import Progress, say, say_json, warn
from run_ledger_ops.sign_in import (
    access_options,
    app_clients,
    app_keys,
    producer_policy,
    report_keys,
)
from run_ledger_ops.sign_in.access_options import Access, of_grant
from run_ledger_ops.sign_in.app_clients import App

_OF_THE_STACK = "MachineClientId"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _+=,.@-]{0,127}")
_DESCRIPTION = """\
Let other systems read the API. Each gets its own app client, with which it fetches access tokens
(OAuth 2, client credentials), and a grant, which says what it may see. With --report, it may report
over HTTPS instead, for the clients of its grant; with --key, by a fixed key that needs no tokens. A
policy holds a producer, which sends events with a role of AWS, to its clients."""
_EPILOG = """\
examples:
  run-ledger apps add billing --client acme --client globex --secret-file billing.secret
  run-ledger apps add warehouse --staff             it may see all clients
  run-ledger apps add billing --client acme --change
                                                    from its next request on it sees only that
  run-ledger apps add spark --client acme --report  it may report for acme, by access tokens
  run-ledger apps add partner --client acme --report --key
                                                    it may report for acme, by a key
  run-ledger apps list
  run-ledger apps remove billing                    from its next request on it may do nothing
  run-ledger apps policy --client acme > policy.json
                                                    an IAM policy: report for acme alone

A secret or a key is shown only once. To change a key without a gap, add a second one under another
name, use it, and remove the first. A system should use a token until it expires: each costs
money."""


def add_to(commands: Words) -> None:
    """Add the command `apps`."""
    parser = add_command(
        commands,
        "apps",
        help="let other systems read the API or report, or bind producers to their clients",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    actions = add_actions(parser)
    _add_add(actions)
    producer_policy.add_to(actions)
    listing = actions.add_parser(
        "list",
        help="list the systems that may read or report",
        description="List the systems that may read or report, for which clients, and in which "
        "hour each key was last used.",
    )
    set_work(listing, _list)
    listing.add_argument("--json", action="store_true", help="print JSON")
    target.add_options(listing)
    removal = actions.add_parser(
        "remove",
        help="remove one, which then can neither read nor report",
        description="Delete a system's grants, so that it sees nothing and reports for nobody, and "
        "then its app client; or revoke a report key. It takes effect at the next request.",
    )
    set_work(removal, _remove)
    removal.add_argument(
        "name", metavar="NAME", help="its name, or the id of its app client or key"
    )
    target.add_options(removal)


def _add_add(actions: Words) -> None:
    parser = actions.add_parser(
        "add",
        help="let a system read, or report",
        description="Make an app client and its grant; with --key, make a report key. Where an "
        "earlier call was cut off, the same command does the rest; but a key that was not shown "
        "has to be removed first.",
    )
    set_work(parser, _add)
    parser.add_argument("name", type=_name, metavar="NAME", help="name of the system")
    access_options.add_options(parser)
    parser.add_argument(
        "--report", action="store_true", help="let it report for these clients, not read"
    )
    parser.add_argument(
        "--key", action="store_true", help="with --report: by a key, which needs no access tokens"
    )
    access_options.add_namespaces(parser)
    parser.add_argument(
        "--change",
        action="store_true",
        help="change what an existing app may do; a key can only be removed",
    )
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--secret-file",
        type=Path,
        metavar="FILE",
        help="write the secret, or the key, to a new file that only you can read, and don't show "
        "it",
    )
    either.add_argument("--json", action="store_true", help="print JSON, with the secret or key")
    target.add_options(parser)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        message = f"{text!r} is no name: 1 to 128 of A-Z a-z 0-9 space _ + = , . @ -"
        raise argparse.ArgumentTypeError(message)
    return text


# ------------------------------------------------------------------------------- actions


def _add(given: argparse.Namespace) -> int:
    wanted = access_options.of(given)
    if given.key and not given.report:
        raise OpsError("--key is for --report: what reads has an app client.")
    if given.namespace and not given.report:
        raise OpsError("--namespace is for --report: what reads asks by client.")
    system = target.find(given)
    if given.report:
        app_keys.warn_without_intake(system)
    if given.key:
        app_keys.add(system, given, wanted)
        clients.warn_of_undeclared(system, wanted.clients)
        return 0
    scope = system.outputs["ReportScope" if given.report else "Scope"]
    known = _named(system, given.name)
    if known is not None and scope not in known.scopes:
        raise OpsError(
            f"there is an app {known.name} already, whose tokens have another scope than {scope}: "
            "choose another name."
        )
    if known is not None and known.granted(scope, system.outputs["ReportScope"]) is not None:
        if given.secret_file:
            raise OpsError(
                f"there is an app {known.name} already, and a secret is given out once: without "
                "--secret-file its grant can be changed, and `apps remove` lets you start anew."
            )
        return _regrant(system, known, wanted, given)
    with PrivateFile(given.secret_file) as secret_file:
        app = known or app_clients.create(system, given.name, scope)
        try:
            _grant(system, app, wanted, given)
        except (ClientError, BotoCoreError) as error:
            raise OpsError(
                f"the app client {app.client_id} of {app.name} is there, and its grant is not "
                f"({explain(error)}): it may do nothing. The same command again does the "
                f"rest; `run-ledger apps remove {app.name}` takes it away."
            ) from error
        secret_file.write(app.client_secret or "")
    clients.warn_of_undeclared(system, wanted.clients)
    _print_app(system, app, wanted, given)
    return 0


def _grant(system: Target, app: App, wanted: Access, given: argparse.Namespace) -> None:
    give = app_clients.grant_reports if given.report else app_clients.grant
    give(system, app, wanted)


def _regrant(system: Target, app: App, wanted: Access, given: argparse.Namespace) -> int:
    """Change the grant of an app that has one, if that is what is asked for."""
    present = app.reports if given.report else app.access
    does = "reports for" if given.report else "sees"
    if present != wanted and not given.change:
        raise OpsError(
            f"there is an app {app.name} already, which {does} {present}: say --change, or choose "
            "another name."
        )
    if present != wanted:
        _grant(system, app, wanted, given)
    clients.warn_of_undeclared(system, wanted.clients)
    if given.json:
        say_json(_document(system, _with_grant(app, wanted, given)))
    else:
        verb = does if present == wanted else f"now {does}"
        say(f"{app.name} ({app.client_id}) {verb} {wanted}; its secret stays what it was.")
    return 0


def _with_grant(app: App, wanted: Access, given: argparse.Namespace) -> App:
    if given.report:
        return msgspec.structs.replace(app, reports=wanted)
    return msgspec.structs.replace(app, access=wanted)


def _list(given: argparse.Namespace) -> int:
    system = target.find(given)
    apps = sorted(_apps(system), key=lambda app: (app.name, app.client_id))
    keys = list(report_keys.listed(system))
    if given.json:
        say_json([*(_document(system, app) for app in apps), *map(app_keys.document, keys)])
    elif not apps and not keys:
        warn("No apps.")
    else:
        widest = max(map(len, [*(app.name for app in apps), *(key.name for key in keys)]))
        for app in apps:
            say(f"{app.name:<{widest}}  {app.client_id}  {_rights(app)}")
        for key in keys:
            say(f"{key.name:<{widest}}  {key.key_id}  {app_keys.in_words(key)}")
    return 0


def _rights(app: App) -> str:
    if app.reports is None:
        return str(app.access or "nothing (no grant)")
    sees = f"{app.access}; " if app.access else ""
    return f"{sees}reports for {app.reports}"


def _remove(given: argparse.Namespace) -> int:
    system = target.find(given)
    key = app_keys.named(system, given.name)
    app = _named(system, given.name)
    if key is not None and app is not None:
        raise OpsError(
            f"an app and a key are named {given.name}: {app.client_id} and {key.key_id}; name one "
            "by its id to remove it."
        )
    if key is not None:
        report_keys.remove(system, key.key_id)
        say(f"{key.name} ({key.key_id}) is gone, and reports nothing from its next request on.")
        return 0
    if app is None:
        raise OpsError(f"there is no app {shown(given.name)}; `run-ledger apps list` lists them.")
    app_clients.withdraw(system, app.client_id)
    if app.client_id == system.outputs.get(_OF_THE_STACK):
        say(f"{app.name} may do nothing any more. Its app client belongs to the stack and stays.")
        return 0
    try:
        system.cognito.delete_user_pool_client(
            UserPoolId=system.outputs["UserPoolId"], ClientId=app.client_id
        )
    except (ClientError, BotoCoreError) as error:
        raise OpsError(
            f"{app.name} may do nothing any more, but its app client {app.client_id} is still "
            f"there ({explain(error)}): the same command again does the rest."
        ) from error
    say(f"{app.name} ({app.client_id}) is gone: it can neither read nor report any more.")
    return 0


# ------------------------------------------------------------------------------- helpers


def _named(system: Target, name: str) -> App | None:
    """Return the one app of a name or an id, None where there is none."""
    found = list(_apps(system, name))
    if len(found) > 1:
        ids = ", ".join(app.client_id for app in found)
        raise OpsError(
            f"{len(found)} apps are named {name}: {ids}; name one by its id to remove it."
        )
    return found[0] if found else None


def _apps(system: Target, name: str | None = None) -> Iterator[App]:
    """Give the app clients that machines use; those of a name or an id alone if one is given."""
    pool_id = system.outputs["UserPoolId"]
    listed = app_clients.listed(system)
    where = (system.dynamodb, system.tables.clients)
    with Progress("reading apps", len(listed)) as progress:
        for client in listed:
            progress.add()
            if name not in (None, client["ClientName"], client["ClientId"]):
                continue
            whole = system.cognito.describe_user_pool_client(
                UserPoolId=pool_id, ClientId=client["ClientId"]
            )["UserPoolClient"]
            if app_clients.MACHINES in whole.get("AllowedOAuthFlows", []):
                yield App(
                    whole["ClientName"],
                    whole["ClientId"],
                    whole.get("ClientSecret"),
                    of_grant(read_grant(*where, whole["ClientId"])),
                    of_grant(read_report_grant(*where, whole["ClientId"])),
                    tuple(whole.get("AllowedOAuthScopes", ())),
                )
            elif name is not None:
                raise OpsError(f"{name} is what people sign in with, and no app of a machine.")


def _document(system: Target, app: App) -> dict[str, Any]:
    return {
        "name": app.name,
        "client_id": app.client_id,
        "access": app.access.grant if app.access else None,
        "reports": app.reports.grant if app.reports else None,
        "scope": " ".join(app.scopes),
        "token_url": system.token_url,
        "api_url": system.api_url,
        "intake_url": system.intake_url,
    }


def _print_app(system: Target, app: App, wanted: Access, given: argparse.Namespace) -> None:
    if given.json:
        document = _document(system, _with_grant(app, wanted, given))
        say_json(document | {"client_secret": app.client_secret})
        return
    scope = system.outputs["ReportScope" if given.report else "Scope"]
    say(f"{app.name} may {'report for' if given.report else 'see'} {wanted}.")
    say(f"\n  client id      {app.client_id}")
    if given.secret_file:
        secret = f"$(cat {shlex.quote(str(given.secret_file))})"
        say(f"  client secret  in {given.secret_file}")
    else:
        secret = str(app.client_secret)
        say(f"  client secret  {secret}   (shown this once)")
    say(f"  token URL      {system.token_url}")
    say(f"  scope          {scope}")
    say("\nA token is good for an hour, and is to be kept until then:\n")
    say(
        f'  token=$(curl -s -u "{app.client_id}:{secret}" -d grant_type=client_credentials \\\n'
        f'    --data-urlencode "scope={scope}" "{system.token_url}" '
        "| jq -r .access_token)"
    )
    if given.report:
        say(app_keys.example(system, "$token", wanted))
    else:
        say(f'  curl -s -H "Authorization: Bearer $token" "{system.api_url}/jobs?limit=5"')
