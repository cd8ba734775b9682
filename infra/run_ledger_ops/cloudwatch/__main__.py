"""Write the dashboard into the template: ``python -m run_ledger_ops.cloudwatch``."""

from __future__ import annotations

from pathlib import Path

from .body import put_in_place

TEMPLATE = Path(__file__).resolve().parents[2] / "template.yaml"

if __name__ == "__main__":
    TEMPLATE.write_text(put_in_place(TEMPLATE.read_text()))
