"""The pages that lead through the code name what is there, in the order in which it runs."""

from __future__ import annotations

import re

import pytest
from tests.support.architecture import rooms, walks
from tests.support.architecture.modules import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
TITLES = {
    "event": "One event",
    "request": "One request",
    "spans": "A request with spans",
    "question": "One question of an assistant",
    "add": "One call of `job.add`",
}
ROW = re.compile(r"^\| `([\w/]+\.py)` \|", re.MULTILINE)
OTHERS = re.compile(r"\bin\s`([\w/]+)/`((?:,?\s`\w+`(?:\s\([^)]*\))?)+)")
SHORTEST_MAP = 10


def section(page: str, title: str) -> str:
    """Return what stands below a heading of the second level."""
    return page.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def files_shown(text: str) -> list[str]:
    """Return the files of the backend that a table names, by path in the repository."""
    return [f"backend/run_ledger/{name}" for name in ROW.findall(text)]


@pytest.mark.parametrize("name", walks.WALKS)
def test_the_page_shows_a_walk_as_it_is_run(name: str) -> None:
    """Its table names the files that calls pass, each once, in the order of the first call."""
    walk = walks.WALKS[name]()

    assert files_shown(section(PAGE, TITLES[name])) == walk.files


@pytest.mark.parametrize("name", walks.WALKS)
def test_the_page_names_the_other_files_of_a_walks_rooms(name: str) -> None:
    """Below its table stand all files of these rooms that the walk doesn't pass."""
    text = section(PAGE, TITLES[name])
    passed = files_shown(text)
    others = OTHERS.findall(text)

    assert others
    for room, names in others:
        folder = f"backend/run_ledger/{room}"
        there = {f"{folder}/{path.name}" for path in (ROOT / folder).glob("[!_]*.py")}
        assert there - {*passed} == {
            f"{folder}/{one}.py" for one in re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", names))
        }


def test_a_walk_notes_each_change_of_file() -> None:
    """It counts whenever the next function that is called stands in another file."""
    walk = walks.request()

    assert len(set(walk.files)) == len(walk.files)
    assert len(walk.files) - 1 <= walk.changes
    assert walk.files[0] == "backend/run_ledger/api.py"


def test_another_order_would_be_found() -> None:
    """The tables are read from top to bottom."""
    shown = "| `b.py` | what |\n| `a/c.py` | what |\n"

    assert files_shown(shown) == ["backend/run_ledger/b.py", "backend/run_ledger/a/c.py"]


def places() -> dict[str, list[str]]:
    """Return the files that the map in CONTRIBUTING names for each change."""
    entries = re.split(r"^### ", section(CONTRIBUTING, "Where do I change …"), flags=re.MULTILINE)
    return {
        head.strip(): re.findall(r"`([\w-]+/[\w./-]+|[A-Z]+\.md|Makefile)`", text)
        for head, _, text in (entry.partition("\n") for entry in entries[1:])
    }


@pytest.mark.parametrize("change", places())
def test_the_map_names_files_that_exist(change: str) -> None:
    """Each entry leads to at least two files, a test or a page among them."""
    named = places()[change]

    assert len(named) > 1
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("part", sorted(rooms.PARTS))
def test_the_layout_shows_every_folder(part: str) -> None:
    """CONTRIBUTING names each folder of a part that has rules about its imports."""
    shown = set(re.findall(r"[\w-]+(?=/)", section(CONTRIBUTING, "Layout")))
    folders = {name for room in rooms.arrows(part, rooms.PARTS[part]) for name in room.split("/")}

    assert {name for name in folders if "." not in name} - shown == set()


def test_the_map_has_the_commonest_changes() -> None:
    """Ten or more, each once."""
    assert len(places()) >= SHORTEST_MAP
