"""`run-ledger incidents`: see what people are told of, and answer it."""

import argparse
import os
import re
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from run_ledger.domain import instants
from run_ledger.domain.instants import Instant
from run_ledger.questions.asking import Refused
from run_ledger_ops.assistant.api_session import ApiSession
from run_ledger_ops.assistant.mcp import signed_in
from run_ledger_ops.console import target, terminal
from run_ledger_ops.console.arguments import Words, add_actions, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import say, say_json, warn
from run_ledger_ops.deploying.site import config_of
from run_ledger_ops.sign_in.own_token import Site, pages_of, site_address, site_of
from run_ledger_ops.telling.act_sender import ActSender
from run_ledger_ops.telling.incident_texts import line_of, lines_of

_NOT_SEEN = 1
_PAGE = 100
_STAFF = "*"
_USUAL_SECONDS = 30
_POLL_SECONDS = 1.0
_AHEAD = re.compile(r"([0-9]{1,4})([mhd])")
_UNIT_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_DESCRIPTION = """\
See what people are told of, and answer it: acknowledge, mute, resolve, or add a note. You see and
answer what you may on the site; to answer you need the right to act, which `run-ledger users invite
--act` gives.

You sign in in your browser. In RUN_LEDGER_TOKEN you can give a token that `run-ledger token` has
printed, so that several commands need one sign-in."""
_EPILOG = """\
examples:
  export RUN_LEDGER_TOKEN="$(run-ledger token --site https://ledger.example)"
  run-ledger incidents list --site https://ledger.example
  run-ledger incidents show 0b7b1c0de5f04c3a8f1d2e3c4b5a6978
  run-ledger incidents acknowledge 0b7b1c0de5f04c3a8f1d2e3c4b5a6978
                                     nobody is reminded any more until it closes
  run-ledger incidents mute 0b7b1c0de5f04c3a8f1d2e3c4b5a6978 --until 8h \\
    --reason "The supplier mends its feed tonight."
  run-ledger incidents resolve 0b7b1c0de5f04c3a8f1d2e3c4b5a6978 --reason "The feed is mended."
  run-ledger incidents note 0b7b1c0de5f04c3a8f1d2e3c4b5a6978 "Ticket 4711"

An act counts once, and stands in the incident's history with your address.

Exit code: 0 done; 1 an act was sent, and is not in the history yet; 2 it was refused, or the
command could not start."""
_HELP = {
    "acknowledge": "say that you look after it: nobody is reminded any more",
    "mute": "let nobody be told of it for a while",
    "unmute": "end that",
    "resolve": "close it: what failed until now counts no more",
    "note": "add a text to its history",
}


def add_to(commands: Words) -> None:
    """Add the command `incidents`."""
    parser = add_command(
        commands,
        "incidents",
        help="list incidents, and acknowledge, mute, resolve or note them",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    actions = add_actions(parser)
    listing = actions.add_parser("list", help="list them", description="List incidents.")
    set_work(listing, _list)
    listing.add_argument(
        "--state", choices=("open", "closed", "all"), default="open", help="(default: open)"
    )
    listing.add_argument("--client", metavar="ID", help="only incidents of this client")
    listing.add_argument(
        "--project", metavar="ID", help="only incidents of rules about this project"
    )
    listing.add_argument("--pipeline", metavar="NAME", help="only incidents of this pipeline")
    listing.add_argument(
        "--what",
        metavar="WHAT",
        help="only incidents in which this went wrong, as failed or missed",
    )
    listing.add_argument(
        "--of-staff",
        action=argparse.BooleanOptionalAction,
        help="only incidents of staff, by their rules or about the ledger; or only others",
    )
    listing.add_argument(
        "--from",
        dest="since",
        type=terminal.moment,
        metavar="TIME",
        help="only incidents that opened at this time or later: a day, a time as in "
        "2026-11-22T14:15:00Z, or how long ago, as in 36h or 7d",
    )
    listing.add_argument(
        "--to",
        dest="before",
        type=terminal.moment,
        metavar="TIME",
        help="only incidents that opened before this time",
    )
    listing.add_argument(
        "--limit",
        type=terminal.positive,
        default=50,
        metavar="N",
        help="list at most N, newest first (default: %(default)s)",
    )
    show = actions.add_parser(
        "show", help="show one", description="Show an incident with its history."
    )
    set_work(show, _show)
    for act, words in _HELP.items():
        set_work(_act_parser(actions, act, words), _act)
    for name, one in actions.choices.items():
        if name != "list":
            one.add_argument("incident_id", metavar="ID", help="as `list` prints it")
        if name == "note":
            one.add_argument("text", metavar="TEXT", help="what the note says")
        one.add_argument("--json", action="store_true", help="print JSON")
        target.add_options(one).add_argument(
            "--site", metavar="URL", help="address of the site on which you sign in"
        )


def _act_parser(actions: Words, act: str, words: str) -> argparse.ArgumentParser:
    parser = actions.add_parser(act, help=words, description=f"{words.capitalize()}.")
    parser.set_defaults(act=act, text=None, until=None, until_grows=False)
    if act == "mute":
        end = parser.add_mutually_exclusive_group(required=True)
        end.add_argument(
            "--until",
            type=until,
            metavar="WHEN",
            help="for so long, as in 30m, 8h or 3d, or until a time, as in 2026-11-23T08:00:00Z",
        )
        end.add_argument(
            "--until-grows", action="store_true", help="until twice as many jobs have failed"
        )
    if act != "note":
        parser.add_argument(
            "--reason",
            dest="text",
            required=act == "mute",
            metavar="TEXT",
            help="why, for the history",
        )
    parser.add_argument(
        "--wait",
        type=terminal.positive,
        default=_USUAL_SECONDS,
        metavar="SECONDS",
        help="wait so long until it is in the history (default: %(default)s)",
    )
    return parser


def until(text: str, now: Callable[[], Instant] = terminal.clock) -> Instant:
    """Read an instant that is ahead: a time, or in how long, as in 30m, 8h or 3d."""
    ahead = _AHEAD.fullmatch(text)
    try:
        if ahead:
            seconds = int(ahead[1]) * _UNIT_SECONDS[ahead[2]]
            moment = instants.later(now(), seconds * instants.MICROSECONDS)
        else:
            moment = instants.parse(text)
    except ValueError as error:
        message = f"{text!r} is neither as long as 30m, 8h or 3d nor as in 2026-11-22T14:15:00Z"
        raise argparse.ArgumentTypeError(message) from error
    if moment <= now():
        raise argparse.ArgumentTypeError(f"{text!r} is over; allowed: a time that is ahead")
    return moment


# ------------------------------------------------------------------------------- actions


def _list(given: argparse.Namespace) -> int:
    desk = _desk(given)
    query: dict[str, str | None] = {
        "client_id": given.client,
        "project_id": given.project,
        "pipeline": given.pipeline,
        "what": given.what,
        "of_staff": None if given.of_staff is None else str(given.of_staff).lower(),
        "from": None if given.since is None else instants.text(given.since),
        "to": None if given.before is None else instants.text(given.before),
    }
    if given.state != "all":
        query["state"] = given.state
    found: list[Mapping[str, Any]] = []
    cursor: str | None = None
    while True:
        limit = str(min(_PAGE, given.limit - len(found)))
        page = desk.ask("/incidents", {**query, "limit": limit, "cursor": cursor})
        found += page.get("items") or []
        cursor = page.get("next_cursor")
        if cursor is None or len(found) >= given.limit:
            break
    if given.json:
        say_json({"telling": page.get("telling") is True, "incidents": found})
        return 0
    for incident in found:
        say(line_of(incident))
    if page.get("telling") is not True:
        warn("This ledger tells nobody: incidents are turned off (Telling=true turns them on).")
    elif not found:
        warn("No incident is open." if given.state == "open" else "There are no incidents.")
    if cursor is not None:
        warn(f"These are the newest {len(found):,}; there are more: --limit lists them, too.")
    return 0


def _show(given: argparse.Namespace) -> int:
    _say(_desk(given).incident(given.incident_id), as_json=given.json)
    return 0


def _act(given: argparse.Namespace) -> int:
    desk = _desk(given)
    sender = desk.sender()
    incident = desk.incident(given.incident_id)
    if incident.get("state") == "closed":
        raise OpsError("this incident is closed: nothing is left to do about it.")
    event_id = str(uuid.uuid4())
    sender.send(_detail(given, _owner(incident), event_id))
    seen = _seen(desk, given.incident_id, event_id, given.wait)
    if seen is None:
        warn(
            f"Sent, and not in the history yet: `run-ledger incidents show {given.incident_id}` "
            "shows it once it is. One that can't be taken is a rejected event, which staff see."
        )
    if given.json:
        say_json({"event_id": event_id, "is_done": seen is not None, "incident": seen or incident})
    elif seen is not None:
        _say(seen, as_json=False)
    return 0 if seen is not None else _NOT_SEEN


def _owner(incident: Mapping[str, Any]) -> str:
    """Return who may act on an incident: its client, or staff where it is theirs."""
    return _STAFF if incident.get("of_staff") else str(incident.get("client_id"))


def _detail(given: argparse.Namespace, client_id: str, event_id: str) -> dict[str, Any]:
    detail = {
        "incident_id": given.incident_id,
        "client_id": client_id,
        "act": given.act,
        "event_id": event_id,
        "occurred_at": instants.text(terminal.clock()),
        "text": given.text,
        "until": None if given.until is None else instants.text(given.until),
        "until_grows": given.until_grows or None,
    }
    return {name: value for name, value in detail.items() if value is not None}


def _seen(desk: "_Desk", incident_id: str, event_id: str, seconds: int) -> Mapping[str, Any] | None:
    """Return the incident once an act is in its history; None if it isn't for so long."""
    for _ in range(int(seconds / _POLL_SECONDS)):
        incident = desk.incident(incident_id)
        if any(turn.get("event_id") == event_id for turn in incident.get("history") or ()):
            return incident
        time.sleep(_POLL_SECONDS)
    return None


def _say(incident: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(incident)
        return
    for line in lines_of(incident):
        say(line)


# ------------------------------------------------------------------------------- who asks


@dataclass(frozen=True)
class _Desk:
    """The ledger as one person sees it, and where that person's acts go."""

    session: ApiSession
    token: str
    intake_url: str | None

    def ask(self, path: str, query: Mapping[str, str | None]) -> dict[str, Any]:
        """Return a document of the read API; raises OpsError."""
        try:
            return self.session(path, query)
        except Refused as refusal:
            raise OpsError(str(refusal)) from refusal

    def incident(self, incident_id: str) -> dict[str, Any]:
        """Return one incident with its history; raises OpsError."""
        return self.ask(f"/incidents/{quote(incident_id, safe='')}", {})

    def sender(self) -> ActSender:
        """Return what sends acts; raises OpsError where the ledger takes none."""
        if self.intake_url is None:
            raise OpsError(
                "this ledger takes no acts on incidents: deploy it with Telling=true and "
                "Intake=true."
            )
        return ActSender(self.intake_url, self.token)


def _desk(given: argparse.Namespace) -> _Desk:
    found = _site(given)
    token = os.environ.get("RUN_LEDGER_TOKEN", "").strip()
    if not token:
        try:
            token = signed_in(found.pages.to_act())
        except Refused as refusal:
            raise OpsError(str(refusal)) from refusal
    return _Desk(ApiSession(found.api_url, lambda: token), token, found.intake_url)


def _site(given: argparse.Namespace) -> Site:
    """Return where people sign in, where the API is, and where acts go."""
    if given.site is not None:
        return site_of(site_address(given.site))
    system = target.find(given)
    if system.site_url is not None:
        return site_of(site_address(system.site_url))
    pages = pages_of(config_of(system.outputs, system.name))
    intake_url = None if pages.act_scope is None else system.intake_url
    return Site("", system.api_url, pages, intake_url)
