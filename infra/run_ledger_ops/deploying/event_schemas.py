"""Write the events' JSON Schema files: ``python -m run_ledger_ops.deploying.event_schemas``."""

from __future__ import annotations

from pathlib import Path

from run_ledger.domain.contract.schema import file_name, file_text, schemas
from run_ledger_ops.checkout import ROOT

FOLDER = ROOT / "backend" / "event-schema"


def write(folder: Path) -> None:
    """Write the schema of each event into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    for detail_type, schema in schemas().items():
        (folder / file_name(detail_type)).write_text(file_text(schema), encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
