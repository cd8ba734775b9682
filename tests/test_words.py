"""One word for one thing: the glossary of CONTRIBUTING, held against product and documents."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from dashboard_app import periods, words
from dashboard_app.filters.declared import ORDER, RESULT
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
    r"\bUS\$\d": "$0.22",
    r"told by model": "reported by model; without a model",
    r"\d %(?!\w)": "5%",
    r"\b(period|month) before\b(?! it)|as long a time before": "previous period",
    r"rows? of totals": "rollup",
    r"\b(a|each|all) try\b(?! again)|\b(all|the) tries of|\btry (number|of)\b|\btry's": "attempt",
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


SITE_WORDS = """
import { COUNTERS } from "./static_site/lib/counters.js";
import { FILTERS } from "./static_site/lib/filters.js";
import { createFormat } from "./static_site/lib/format.js";
import { OUTCOMES } from "./static_site/lib/outcomes.js";
const { compact, duration, money } = createFormat({ locale: "de-DE" });
const { result, sort, time } = FILTERS.jobs;
const { unknown, ...outcomes } = Object.fromEntries(
  Object.entries(OUTCOMES).map(([name, { label }]) => [name, label]),
);
const words = {
  outcomes,
  counters: COUNTERS,
  results: Object.values(result.field.choices),
  orders: Object.values(sort.field.choices),
  times: Object.values(time.field.choices),
  compact: NUMBERS.map(compact),
  duration: NUMBERS.map(duration),
  money: NUMBERS.map((number) => money(number * 1e3)),
};
console.log(JSON.stringify(words));
"""
NUMBERS = (0, 4, 7, 61, 3_600, 99_999, 123_456, 999_999, 75_200_000, 1_500_000_000, -7_520)


@pytest.fixture(scope="module")
def site_words(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the site calls things, as node reads its modules."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing: apt install nodejs")
    folder: Path = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "static_site", folder / "static_site")
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "words.js").write_text(f"const NUMBERS = {[*NUMBERS]};\n{SITE_WORDS}")
    run = [node, "words.js"]
    text = subprocess.run(run, check=True, capture_output=True, text=True, cwd=folder).stdout
    return dict(json.loads(text))


def test_site_and_app_call_things_alike(site_words: dict[str, Any]) -> None:
    """Outcomes, counters and the choices of the filters that both have."""
    assert site_words["outcomes"] == words.OUTCOMES
    assert site_words["counters"] == words.ALL_COUNTERS
    assert {*site_words["results"]} == {*RESULT.options}
    assert site_words["orders"] == [*ORDER.options]
    assert {*periods.RECENT} <= {*site_words["times"]}


def test_site_and_app_write_numbers_alike(site_words: dict[str, Any]) -> None:
    """Also where the reader's browser is in a language that writes numbers otherwise."""
    assert site_words["compact"] == [words.compact(number) for number in NUMBERS]
    assert site_words["duration"] == [words.duration(number) for number in NUMBERS]
    assert site_words["money"] == [words.money(number / 1_000) for number in NUMBERS]
