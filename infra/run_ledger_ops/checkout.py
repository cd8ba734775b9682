"""Places in the checkout of Run Ledger that the command works from."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"
SITE = ROOT / "static_site"
PYTHON_PATH = os.pathsep.join(str(ROOT / folder) for folder in ("infra", "backend"))
"""The folders that programs of the command are imported from."""
