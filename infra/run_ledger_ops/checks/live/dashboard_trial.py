"""Whether the dashboard's variables resolve, and CloudWatch takes the queries of its widgets."""

import json
import re
import time
from typing import Any

from botocore.exceptions import ClientError

from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.console.target import Target

_PART = "dashboard"
_SOURCE = re.compile(r"SOURCE\s+'([^']+)'\s*\|\s*")
_UNRESOLVED = re.compile(r"\$\{[A-Za-z]|__[A-Z]+__")
_SPAN_SECONDS = 60
_MALFORMED = "MalformedQueryException"


def dashboard_resolves(system: Target) -> Finding:
    """Put each variable's usual value in its place, and start each query over one minute."""
    name = system.outputs.get("DashboardName")
    if not name:
        return Finding(_PART, Level.WELL, "this stage has none", {})
    text = system.client("cloudwatch").get_dashboard(DashboardName=name)["DashboardBody"]
    variables = json.loads(text).get("variables", [])
    unused = [one["id"] for one in variables if text.count(one["pattern"]) < 2]  # noqa: PLR2004
    for one in variables:
        text = text.replace(one["pattern"], json.dumps(one["defaultValue"])[1:-1])
    left = sorted(set(_UNRESOLVED.findall(text)))
    queries = [
        (widget["properties"]["title"], widget["properties"]["query"])
        for widget in json.loads(text)["widgets"]
        if widget["type"] == "log"
    ]
    logs = system.client("logs")
    refused = [title for title, query in queries if not _is_taken(logs, query)]
    figures = {"variables": len(variables), "queries": len(queries), "refused": refused}
    if unused or left:
        words = f"variables that stand for nothing: {', '.join([*unused, *left])}"
        return Finding(_PART, Level.WRONG, words, figures)
    if refused:
        words = f"CloudWatch refuses the queries of {', '.join(refused)}"
        return Finding(_PART, Level.WRONG, words, figures)
    words = (
        f"its {len(variables)} variables resolve, and CloudWatch takes its {len(queries)} queries"
    )
    return Finding(_PART, Level.WELL, words, figures)


def _is_taken(logs: Any, query: str) -> bool:
    now = int(time.time())
    try:
        logs.start_query(
            logGroupNames=_SOURCE.findall(query),
            queryString=_SOURCE.sub("", query),
            startTime=now - _SPAN_SECONDS,
            endTime=now,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == _MALFORMED:
            return False
        raise
    return True
