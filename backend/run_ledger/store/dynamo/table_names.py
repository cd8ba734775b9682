"""The names of the ledger's tables, which a deployment chooses."""

from __future__ import annotations

from typing import NamedTuple


class Tables(NamedTuple):
    """The names of the tables; empty where a function may not know one."""

    entries: str
    jobs: str
    projects: str
    clients: str
    rollups: str
    rejections: str
    incidents: str
