"""Which part of the made-up past was posted to a ledger already."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from msgspec import Struct, json

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.private_file import write_private
from run_ledger_ops.demo.reporting.local_ledger import LocalLedger


@dataclass(frozen=True, slots=True)
class Past:
    """The days that have been back-filled: from which one on, and by which seed."""

    seed: int
    first_day: date

    def covers(self, wanted: "Past") -> bool:
        """Whether *wanted* is a part of this."""
        return self.seed == wanted.seed and self.first_day <= wanted.first_day


@dataclass(frozen=True, slots=True)
class Memory:
    """What was posted to one ledger. To lose it does no harm: what is posted twice counts once."""

    path: Path
    identity: str
    past: Past | None = None
    posted_at: datetime | None = None

    def save(self) -> None:
        """Write the memory beside the stack file, whole or not at all."""
        try:
            write_private(
                self.path, json.encode(_File(self.identity, self.past, self.posted_at)).decode()
            )
        except OSError as error:
            raise OpsError(f"cannot write {self.path} ({error.strerror})") from error


class _File(Struct):
    """What stands in the file: ``{"ledger": "bus issuer", "past": {"seed": 1, …}}``."""

    ledger: str
    past: Past | None
    posted_at: datetime | None


def recall(stack: Path, ledger: LocalLedger) -> Memory:
    """Return what was posted to *ledger*; nothing where the file is another ledger's, or bad."""
    blank = Memory(stack.with_name("demo.json"), ledger.identity)
    try:
        found = json.decode(blank.path.read_bytes(), type=_File)
    except (OSError, ValueError):
        return blank
    if found.ledger != ledger.identity:
        return blank
    return replace(blank, past=found.past, posted_at=found.posted_at)
