"""Answers saved for the next deployment: a file with a table for each stage, and no secret."""

import json
import tomllib
from pathlib import Path

from msgspec import Struct, convert

from run_ledger_ops.console.exceptions import OpsError

USUAL_FILE = Path("run-ledger.toml")
_HEAD = """\
# The answers to `run-ledger deploy --guided`, for the next `run-ledger deploy --stage NAME`.
# The file holds no secret: commit it, so that everybody deploys alike.
"""


class SavedAnswers(Struct, frozen=True, forbid_unknown_fields=True):
    """How one stage is deployed."""

    region: str | None = None
    artifacts_bucket: str | None = None
    parameters: dict[str, str] = {}


def load(path: Path) -> dict[str, SavedAnswers]:
    """Return the answers by stage, none where there is no file; raises OpsError for a bad one."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        for table in document.values():
            if isinstance(table, dict) and isinstance(given := table.get("parameters"), dict):
                table["parameters"] = {name: _text(value) for name, value in given.items()}
        return convert(document, dict[str, SavedAnswers])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise OpsError(f"{path} can't be read: {error}.") from error


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def save(path: Path, stages: dict[str, SavedAnswers]) -> None:
    """Write the file, in place of the one before; raises OpsError where that fails."""
    lines = [_HEAD]
    for name, answers in sorted(stages.items()):
        lines.append(f"[{name}]")
        for key, value in (
            ("region", answers.region),
            ("artifacts_bucket", answers.artifacts_bucket),
        ):
            if value is not None:
                lines.append(f"{key} = {json.dumps(value)}")
        if answers.parameters:
            lines.append(f"[{name}.parameters]")
            lines += [f"{key} = {json.dumps(text)}" for key, text in answers.parameters.items()]
        lines.append("")
    try:
        path.write_text("\n".join(lines), "utf-8")
    except OSError as error:
        raise OpsError(f"{path} can't be written: {error.strerror or error}.") from error
