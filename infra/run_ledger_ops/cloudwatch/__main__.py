"""Write the dashboard into the template: ``python -m run_ledger_ops.cloudwatch``."""

from __future__ import annotations

from run_ledger_ops.checkout import TEMPLATE

from .body import put_in_place

if __name__ == "__main__":
    TEMPLATE.write_text(put_in_place(TEMPLATE.read_text()))
