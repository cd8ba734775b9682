"""Which part of the made-up past was posted to a ledger already."""

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from run_ledger_ops.console.exceptions import OpsError
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
            raise OpsError(f"cannot write {self.path} ({error.strerror})") from error


def recall(stack: Path, ledger: LocalLedger) -> Memory:
    """Return what was posted to *ledger*; nothing where the file is another ledger's, or bad."""
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
