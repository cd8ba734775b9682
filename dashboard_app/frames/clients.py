"""Clients and their configurations as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from dashboard_app.frames.columns import FLAG, JOB_TOTALS, MOMENT, TEXT, typed

_CLIENT = {
    "client_id": TEXT,
    "name": TEXT,
    "description": TEXT,
    "contact": TEXT,
    "declared": FLAG,
    **JOB_TOTALS,
}
_PARAMETER = {"name": TEXT, "value": TEXT, "description": TEXT, "updated_at": MOMENT}
_DIFFERENCE = {"name": TEXT, "one": TEXT, "other": TEXT, "differs": FLAG}


def clients(items: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return a row for each client; its jobs are counted by result in a column each."""
    return typed(({**item, **item["jobs"]} for item in items), _CLIENT)


def parameters(document: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row for each parameter of a client's configuration that is not secret."""
    return typed(document["parameters"], _PARAMETER)


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> pd.DataFrame:
    """Compare two configurations: a row for each parameter, with `one`, `other`, `differs`."""
    mine = {parameter["name"]: parameter["value"] for parameter in one["parameters"]}
    theirs = {parameter["name"]: parameter["value"] for parameter in other["parameters"]}
    rows = [
        {
            "name": name,
            "one": mine.get(name),
            "other": theirs.get(name),
            "differs": mine.get(name) != theirs.get(name),
        }
        for name in sorted({*mine, *theirs})
    ]
    return typed(rows, _DIFFERENCE)
