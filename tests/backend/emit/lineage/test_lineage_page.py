"""The page about OpenLineage names what was tried, and no other kinds."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs/openlineage.md").read_text().split("## What was tried")[1]
EVENTS = ROOT / "tests/events/lineage"


def test_every_case_and_recording_has_its_row() -> None:
    """What is written by the specification, and what was recorded."""
    rows = re.findall(r"^\| (.+?) \| (specification|recorded|real)\b", PAGE, re.MULTILINE)
    cases = {case["name"] for case in json.loads((EVENTS / "cases.json").read_text())}
    recordings = {path.stem for path in EVENTS.glob("*.ndjson")}

    assert {kind for kind, source in rows if source == "specification"} == cases
    assert {kind.partition(":")[0].strip("`") for kind, source in rows
            if source == "recorded"} == recordings  # fmt: skip
