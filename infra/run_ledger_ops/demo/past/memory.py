"""The ledger that is posted to, and what it has been told already."""

import json
import os
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path


class DemoError(Exception):
    """The demo can't go on; the message says why, for a person to read."""


@dataclass(frozen=True, slots=True)
class LocalLedger:
    """Where a ledger's bus is, and which ledger it is."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    bus_name: str
    identity: str


def read_ledger(stack: Path) -> LocalLedger:
    """Read the file that a running stack leaves for programs that want to join in."""
    try:
        found = json.loads(stack.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"cannot read {stack} ({_reason(error)}); is the stack running?"
        raise DemoError(message) from error
    except ValueError as error:
        raise DemoError(f"{stack} is not JSON ({error})") from error
    try:
        return LocalLedger(
            endpoint_url=found["aws_endpoint_url"],
            region=found["region"],
            access_key_id=found["access_key_id"],
            secret_access_key=found["secret_access_key"],
            bus_name=found["event_bus_name"],
            # The issuer names the user pool, and a stack that is built anew has a new one.
            identity=f"{found['event_bus_name']} {found['issuer']}",
        )
    except KeyError as error:
        raise DemoError(f"{stack} has no {error}") from error
    except TypeError as error:
        raise DemoError(f"{stack} is not the description of a stack") from error


@dataclass(frozen=True, slots=True)
class Past:
    """The days that have been back-filled: from which one on, and by which seed."""

    seed: int
    first_day: date

    def covers(self, wanted: "Past") -> bool:
        """Whether what is wanted has been told with this."""
        return self.seed == wanted.seed and self.first_day <= wanted.first_day


@dataclass(frozen=True, slots=True)
class Memory:
    """What one ledger has been told. Forgetting it does no harm: telling twice counts once."""

    path: Path
    identity: str
    past: Past | None = None

    def save(self) -> None:
        """Write the memory beside the stack file, whole or not at all."""
        text = json.dumps(
            {"ledger": self.identity, "past": self.past and asdict(self.past)},
            default=lambda day: day.isoformat(),
            indent=2,
        )
        draft = self.path.with_suffix(f".{os.getpid()}.new")
        try:
            draft.write_text(text + "\n", encoding="utf-8")
            draft.replace(self.path)
        except OSError as error:
            raise DemoError(f"cannot write {self.path} ({_reason(error)})") from error


def recall(stack: Path, ledger: LocalLedger) -> Memory:
    """Read what this ledger has been told; of another ledger or unreadable, it is nothing."""
    blank = Memory(stack.with_name("demo.json"), ledger.identity)
    try:
        found = json.loads(blank.path.read_text(encoding="utf-8"))
        if found["ledger"] != ledger.identity:
            return blank
        past = found["past"] and Past(
            seed=found["past"]["seed"], first_day=date.fromisoformat(found["past"]["first_day"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return blank
    return replace(blank, past=past)


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
