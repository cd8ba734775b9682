"""`run-ledger users`: invite, list and remove the people who may sign in."""

import argparse
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.api.access import ACT_GROUP, CLIENT_GROUP, STAFF_GROUP
from run_ledger.store.clients.sign_outs import note_sign_out
from run_ledger_ops.commands import clients
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_actions, add_command, set_work
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import Progress, say, say_json, warn
from run_ledger_ops.sign_in import access_options, invitations, user_pool
from run_ledger_ops.sign_in.invitations import MailSender
from run_ledger_ops.sign_in.user_pool import People, Person

_DESCRIPTION = """\
Let people sign in to the site and the analysts' app. Their groups say what they see: staff sees all
clients, client-ID only that client; who is in the group act may act on their incidents, too."""
_EPILOG = """\
examples:
  run-ledger users invite someone@acme.example --client acme
  run-ledger users invite someone@agency.example --client acme --client globex
  run-ledger users invite me@ours.example --staff
  run-ledger users invite oncall@acme.example --client acme --act
                                                      may acknowledge, mute and resolve, too
  run-ledger users invite someone@acme.example --resend     the first mail has expired
  run-ledger users list
  run-ledger users remove someone@acme.example

Inviting somebody again only changes what they see and whether they act. Whoever is removed, or may
do less from now on, is signed out; within a minute, the API refuses each token that they still
have. Don't remove people in the console of Cognito: what they have then goes on for up to an hour,
and four in the analysts' app."""
_SEND = "Send this, too:"
_STATUSES = {
    "FORCE_CHANGE_PASSWORD": "invited",
    "CONFIRMED": "active",
    "RESET_REQUIRED": "to reset the password",
}


def add_to(commands: Words) -> None:
    """Add the command `users`."""
    parser = add_command(
        commands,
        "users",
        help="invite, list or remove the people who may sign in",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    actions = add_actions(parser)
    invitation = actions.add_parser(
        "invite",
        help="let somebody sign in",
        description="Send somebody an invitation, and say what they may see. For somebody who was "
        "invited before, the command only changes what they may see. Where the stage has an "
        "identity of Amazon SES, the mail says where to sign in; else the command says what to "
        "send beside the mail of Cognito.",
    )
    set_work(invitation, _invite)
    invitation.add_argument("email", metavar="EMAIL")
    access_options.add_options(invitation, required=False)
    invitation.add_argument(
        "--act",
        action="store_true",
        help="let them act on the incidents that they see, too: acknowledge, mute, resolve, note",
    )
    invitation.add_argument("--resend", action="store_true", help="send the mail again")
    target.add_options(invitation)
    listing = actions.add_parser(
        "list", help="list who may sign in", description="List who may sign in, and what they see."
    )
    set_work(listing, _list)
    listing.add_argument("--json", action="store_true", help="print JSON")
    target.add_options(listing)
    removal = actions.add_parser(
        "remove",
        help="remove somebody, who then can't sign in",
        description="Sign somebody out everywhere, and delete the user.",
    )
    set_work(removal, _remove)
    removal.add_argument("email", metavar="EMAIL")
    target.add_options(removal)


def _invite(given: argparse.Namespace) -> int:
    email = user_pool.address(given.email)
    names_access = given.staff or given.client
    if not names_access and (given.act or not given.resend):
        raise OpsError("say what they see: --client ID (perhaps several) or --staff.")
    wanted = access_options.of(given) if names_access else None
    if wanted is not None:
        access_options.check_groups(wanted)
    system = target.find(given)
    crowd, sender = _people(system), invitations.sender_of(system)
    password = invitations.new_password() if sender else None
    if wanted is not None:
        done = crowd.invite(email, wanted, password=password)
        clients.warn_of_undeclared(system, wanted.clients)
        if done.is_new:
            say(f"Invited {email}, who will see {wanted}.")
            _welcome(system, sender, email, password)
            return 0
        changed = [f"now in {group}" for group in done.joined]
        changed += [f"no longer in {group}" for group in done.left]
        say(f"{email} was invited before: {', '.join(changed) or 'nothing to change'}.")
    if given.resend:
        crowd.resend(email, password)
        say(f"Invited {email} again.")
        _welcome(system, sender, email, password)
    return 0


def _welcome(system: Target, sender: MailSender | None, email: str, password: str | None) -> None:
    """Send the invitation, or say what to send beside Cognito's own mail."""
    text = invitations.welcome_of(system).text(email, password)
    if sender is None:
        say(f"Cognito sends a temporary password, and does not say where to sign in. {_SEND}\n")
        say("\n".join(f"  {line}".rstrip() for line in text.splitlines()))
        say(f"\n{invitations.COGNITO_LIMIT}")
        return
    try:
        invitations.send(system.client("sesv2", sender.region), sender, email, text)
    except (ClientError, BotoCoreError) as error:
        raise OpsError(
            f"the user is there, but the mail was not sent ({explain(error)}): "
            "`run-ledger users invite EMAIL --resend` sends it."
        ) from error
    say(f"Sent a mail from {sender.address}.")


def _list(given: argparse.Namespace) -> int:
    crowd = _people(target.find(given))
    found: list[Person] = []
    with Progress("reading users", None) as progress:
        for person in crowd.all():
            found.append(person)
            progress.add()
    found.sort(key=lambda person: person.email)
    if given.json:
        say_json([_document(person) for person in found])
    elif not found:
        warn("Nobody was invited yet.")
    else:
        widest = max(len(person.email) for person in found)
        for person in found:
            say(f"{person.email:<{widest}}  {_status(person):<8}  {_sees(person)}")
    return 0


def _remove(given: argparse.Namespace) -> int:
    email = user_pool.address(given.email)
    _people(target.find(given)).remove(email)
    say(f"{email} can't sign in any more, and sees nothing from a minute on.")
    return 0


def _people(system: Target) -> People:
    note = partial(note_sign_out, system.dynamodb, system.tables.clients)
    return People(system.cognito, system.outputs["UserPoolId"], note)


def _status(person: Person) -> str:
    return _STATUSES.get(person.status, person.status.lower()) if person.is_enabled else "disabled"


def _sees(person: Person) -> str:
    return f"{_seen(person)}, acts" if ACT_GROUP in person.groups else _seen(person)


def _seen(person: Person) -> str:
    if STAFF_GROUP in person.groups:
        return "all clients"
    seen = [
        group.removeprefix(CLIENT_GROUP)
        for group in person.groups
        if group.startswith(CLIENT_GROUP)
    ]
    return ", ".join(seen) or "nothing (no group)"


def _document(person: Person) -> dict[str, Any]:
    return {"email": person.email, "status": _status(person), "groups": list(person.groups)}
