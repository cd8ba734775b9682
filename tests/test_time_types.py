"""Times have a type: no signature and no field calls one a bare ``int``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted([*ROOT.glob("backend/**/*.py"), *ROOT.glob("infra/run_ledger_ops/**/*.py")])
TIME = re.compile(
    r"(\w+_)?(at|now|since|until|moment|moments|instant|midnight|horizon|clock|begins|edges)"
)
# Elsewhere these are places in a file, too.
SPAN = re.compile(r"start|end|after|before")
WITH_SPANS = ("backend/run_ledger/domain", "backend/run_ledger/store", "backend/run_ledger/read")
BARE = re.compile(
    r"int( \| None)?|Callable\[\[.*\], int\]( \| None)?"
    r"|(Sequence|Iterable|list|tuple|set)\[int(, (\.\.\.|int|str))*\]( \| None)?"
    r"|(Mapping|dict)\[\w+, int\]"
)
# Counts by status, as they are now, numbers of jobs, places in the list of error groups: no times.
NO_TIMES = {
    *("job_totals(now)", "project_document(now)", "list_error_groups: after"),
    *("AlertRule: after", "Cause: after"),
}


def annotated(tree: ast.AST) -> Iterator[tuple[str, str, ast.expr | None]]:
    """Give what is annotated: how to call it in a message, its name, the annotation."""
    for node in ast.walk(tree):
        if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            continue
        if isinstance(node, ast.FunctionDef):
            yield f"{node.name}()", node.name, node.returns
            for one in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
                yield f"{node.name}({one.arg})", one.arg, one.annotation
        for inner in node.body:
            if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                yield f"{node.name}: {inner.target.id}", inner.target.id, inner.annotation


def bare_times(source: str, *, with_spans: bool = True) -> list[str]:
    """Return what has the name of a time and the type of any integer."""
    return [
        where
        for where, name, annotation in annotated(ast.parse(source))
        if (TIME.fullmatch(name.lstrip("_")) or (with_spans and SPAN.fullmatch(name)))
        and annotation is not None
        and BARE.fullmatch(ast.unparse(annotation))
        and where not in NO_TIMES
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_times_are_instants(path: Path) -> None:
    """Whatever is called like a time is annotated as an `Instant` or a type of its own."""
    with_spans = str(path.relative_to(ROOT)).startswith(WITH_SPANS)

    assert bare_times(path.read_text(), with_spans=with_spans) == []


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("def show(now: int) -> str: ...", "show(now)"),
        ("def show(*, ended_at: int | None) -> str: ...", "show(ended_at)"),
        ("def read(clock: Callable[[], int]) -> str: ...", "read(clock)"),
        ("def read(after: tuple[int, str] | None) -> str: ...", "read(after)"),
        ("def created_at(key: str) -> int: ...", "created_at()"),
        ("class Job:\n    started_at: int | None = None", "Job: started_at"),
        ("class Job:\n    def seen_at(self) -> Sequence[int]: ...", "seen_at()"),
        ("class Query:\n    start: int", "Query: start"),
        ("def known(started_at: Mapping[int, int]) -> bool: ...", "known(started_at)"),
    ],
)
def test_a_bare_time_is_found(source: str, where: str) -> None:
    """Parameters, answers and fields are looked at, also where they hold several times."""
    assert bare_times(source) == [where]


@pytest.mark.parametrize(
    "source",
    [
        "def show(now: Instant, heartbeat_seconds: int, number: int) -> int: ...",
        "class Job:\n    started_at: Mapping[int, Instant]\n    start: Instant\n    attempt: int",
    ],
)
def test_other_integers_may_be_integers(source: str) -> None:
    """Counts, numbers and durations in seconds are plain; instants have their type."""
    assert bare_times(source) == []
