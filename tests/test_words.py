"""One word for one thing: the glossary of CONTRIBUTING, held against product and documents."""

from __future__ import annotations

import re
import subprocess

import pytest
from tests.support.architecture.modules import ROOT

PLACES = (
    *("backend", "infra/run_ledger_ops", "infra/template.yaml", "infra/RUNBOOK.md"),
    *("dashboard_app", "static_site", "docs", "README.md", "CHANGELOG.md"),
)
FORMER = {  # what a reader had to guess, and what stands in its place
    r"how-manieth": "the attempt's number",
    r"\btally|\btallies": "counter, sum",
    r"\bsayings\b": "latest value",
    r"failure rate": "error rate",
    r"kinds? of failures?": "error group",
    r"went well": "succeeded",
    r"partly done": "partial",
    r"left failed": "failed",
    r"needs? a look": "needs attention",
    r"ask anew": "refresh",
    r"tell apart by": "group by",
    r"span before": "previous period",
    r"span of (time|days)|the span is empty|shorten the span": "time range",
    r"sees everything": "all clients",
    r"(a good|into failed) records?": "cost per good record, spent on failed records",
    r"failures more or fewer": "change in failures",
    r"nowhere kept here|that is all\b(?!\s+of)": "a sentence with a subject and a verb",
}


def texts() -> dict[str, str]:
    """Return the product's files and the documents that users read, by path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", *PLACES], cwd=ROOT, check=True, capture_output=True, text=True
    )
    contents = {
        name: (ROOT / name).read_bytes()
        for name in listed.stdout.split("\0")
        if name and (ROOT / name).is_file()
    }
    return {name: text.decode() for name, text in contents.items() if b"\0" not in text}


def found(former: str, contents: dict[str, str]) -> list[str]:
    """Return where a former word stands: file and line. Links may keep words that were renamed."""
    pattern = re.compile(former, re.IGNORECASE)
    return [
        f"{name}:{number}: {line.strip()}"
        for name, text in contents.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line) and "renamed=" not in line
    ]


@pytest.mark.parametrize("former", FORMER)
def test_a_former_word_stands_nowhere(former: str) -> None:
    """Code, API, help, screens and documents say the glossary's word."""
    assert found(former, texts()) == [], f"say: {FORMER[former]}"


def test_texts_were_read() -> None:
    """The search looked at each part of the product."""
    names = {*texts()}

    assert {"README.md", "backend/openapi.json", "dashboard_app/words.py"} <= names
    assert any(name.endswith(".js") for name in names)


def test_a_former_word_would_be_found() -> None:
    """The search can fail, and spares longer sentences."""
    contents = {"a.py": "x\n# The Span before", "b.js": "ends when that is all of them"}

    assert found(r"span before", contents) == ["a.py:2: # The Span before"]
    assert found(r"that is all\b(?!\s+of)", contents) == []
