"""Report keys in `run-ledger apps`: made, shown once, listed and found by their names."""

import argparse
import shlex
from typing import Any

from run_ledger.domain.exceptions import shown
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.private_file import PrivateFile
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import say, say_json, warn
from run_ledger_ops.sign_in import report_keys
from run_ledger_ops.sign_in.access_options import Access
from run_ledger_ops.sign_in.report_keys import ListedKey

_NO_INTAKE = "none yet"


def add(system: Target, given: argparse.Namespace, wanted: Access) -> None:
    """Make a key of a name that no key has yet, and show it, or write it into a file."""
    if named(system, given.name) is not None:
        raise OpsError(
            f"there is a key {given.name} already, and a key is shown only once: choose another "
            "name, or `apps remove` it first."
        )
    with PrivateFile(given.secret_file) as file:
        text, key_id = report_keys.create(system, given.name, wanted)
        file.write(text)
    if given.json:
        about = {"name": given.name, "key_id": key_id, "reports": wanted.grant}
        say_json(about | {"intake_url": system.intake_url, "report_key": text})
        return
    say(f"{given.name} may report for {wanted}.\n")
    place = f"in {given.secret_file}" if given.secret_file else f"{text}   (shown this once)"
    say(f"  key     {place}\n  intake  {system.intake_url or _NO_INTAKE}\n")
    shown_key = f"$(cat {shlex.quote(str(given.secret_file))})" if given.secret_file else text
    say(example(system, shown_key, wanted))


def named(system: Target, name: str) -> ListedKey | None:
    """Return the one key of a name or an id, None where there is none."""
    found = [key for key in report_keys.listed(system) if name in {key.name, key.key_id}]
    if len(found) > 1:
        ids = ", ".join(key.key_id for key in found)
        raise OpsError(f"{len(found)} keys are named {shown(name)}: {ids}; name one by its id.")
    return found[0] if found else None


def document(key: ListedKey) -> dict[str, Any]:
    """Return what the list says of a key as JSON."""
    return {
        "name": key.name,
        "key_id": key.key_id,
        "reports": key.access.grant if key.access else None,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
    }


def in_words(key: ListedKey) -> str:
    """Return what the list says of a key."""
    used = f"last used {key.last_used_at}" if key.last_used_at else "never used"
    return f"reports for {key.access or 'nobody (no grant)'} by a key, {used}"


def example(system: Target, credential: str, wanted: Access) -> str:
    """Return a command that reports for the first client of *wanted*, to paste into a shell."""
    client_id = wanted.clients[0] if wanted.clients else "CLIENT"
    event = (
        '{"events":[{"detail_type":"job_update","detail":{"event_id":"began",'
        f'"job_id":"{client_id}-first-job","project_id":"try-out","client_id":"{client_id}",'
        '"status":"running"}}]}'
    )
    return (
        f'  curl -s -H "Authorization: Bearer {credential}" \\\n'
        f"    -H \"Content-Type: application/json\" -d '{event}' \\\n"
        f'    "{system.intake_url or "INTAKE"}/events"'
    )


def warn_without_intake(system: Target) -> None:
    """Say so where the stage has no intake yet."""
    if system.intake_url is None:
        warn("This stage has no intake yet: deploy it with Intake=true.")
