"""The dashboard's body, and its place in the template."""

from __future__ import annotations

import json
import re
from typing import Any

from run_ledger.domain.contract.vocabulary import RESULTS

from . import widgets
from .queries import CLIENT, EVERY, RESULT, STATUS

_INDENT = " " * 8
_PLACE = re.compile(
    r"(?P<head>^ {6}DashboardBody: !Sub \|\n)(?P<body>(?: {8}.*\n|\n)*)", re.MULTILINE
)


def _variable(pattern: str, name: str, label: str, values: tuple[str, ...]) -> dict[str, Any]:
    chosen: dict[str, Any] = {
        "type": "pattern",
        "pattern": pattern,
        "id": name,
        "label": label,
        "defaultValue": EVERY,
        "visible": True,
        "inputType": "select" if values else "input",
    }
    if values:
        named = [{"label": "all", "value": EVERY}]
        chosen["values"] = named + [{"label": value, "value": value} for value in values]
    return chosen


def body() -> dict[str, Any]:
    """Return the dashboard's body, in which ``${…}`` stands for what the template knows."""
    return {
        # Queries run anew at each refresh, and each GB that they read has its price.
        "start": "-PT1H",
        "variables": [
            _variable(CLIENT, "client", "Client", ()),
            _variable(
                STATUS, "status", "Status", ("queued", "running", "completed", "unchanged", "none")
            ),
            _variable(RESULT, "result", "Result", (*RESULTS, "none")),
        ],
        "widgets": widgets.placed(),
    }


def text() -> str:
    """Return the body as it stands in the template: a widget a line, so that changes are seen."""
    members = []
    for name, value in body().items():
        if isinstance(value, list):
            items = ",\n".join(f"  {_compact(item)}" for item in value)
            members.append(f" {_compact(name)}: [\n{items}\n ]")
        else:
            members.append(f" {_compact(name)}: {_compact(value)}")
    return "{\n" + ",\n".join(members) + "\n}"


def _compact(value: object) -> str:
    # CloudFormation turns every other character into a question mark.
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def put_in_place(template: str) -> str:
    """Return *template* with the dashboard's body in its place."""
    lines = "".join(f"{_INDENT}{line}\n" for line in text().splitlines())
    changed, places = _PLACE.subn(lambda match: match["head"] + lines, template)
    if places != 1:
        raise ValueError("the template has no place for the dashboard's body, or several")
    return changed
