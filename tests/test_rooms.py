"""Rooms of the product: which may import which, how large they are, and that names are unique."""

from __future__ import annotations

import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import pytest
from tests.support.architecture import rooms
from tests.support.architecture.modules import (
    PYTHON_ROOTS,
    ROOT,
    circles,
    javascript_imports,
    product_graph,
    public_classes,
)

GRAPH = product_graph()
ARROWS = rooms.all_arrows()
MAX_FILES = 16
RESOURCES = {  # "a resource's file in each room": what is asked, how it is read, how it is shown
    *(
        "jobs",
        "entries",
        "rejections",
        "failures",
        "trends",
        "overview",
        "clients",
        "projects",
        "incidents",
        "checks",
    ),
}
MODULE_NAMES = {  # module names that stand more than once, and why they may
    "__init__": "a package's own file",
    "__main__": "what `python -m` starts",
    "page": "each page of the analysts' app is a folder, and its page is called so",
    "sections": "the sections of one page, in that page's folder",
    "ledger": "a producer's ledger, which reports, and the writer's, which posts",
    "exceptions": "the backend and the command draw a tree of exceptions each",
    "spool": "a command's file bears the command's word",
}
CLASS_NAMES = {  # public classes whose names stand more than once, and why they may
    "Job": "a producer's job, which is public, and the state that its events come to",
    "Project": "a producer's project, which is public, and the state that its events come to",
}
FULL_FOLDERS = {  # folders with more files than others, and why they may
    "infra/decisions": "a file for each record, and records are never taken away",
}


def tracked(*patterns: str) -> list[str]:
    """Return the repository's files that match any of the patterns of `git ls-files`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def shared(named: Iterable[tuple[str, str]], allowed: Iterable[str]) -> dict[str, list[str]]:
    """Return the names that stand in several files without leave, from (name, file) pairs."""
    files = defaultdict(list)
    for name, file in named:
        files[name].append(file)
    free = {*allowed}
    return {name: found for name, found in files.items() if len(found) > 1 and name not in free}


def overfull(files: Iterable[str], allowed: Mapping[str, str]) -> dict[str, int]:
    """Return the folders that hold too many of the files side by side, and how many."""
    folders: dict[str, int] = defaultdict(int)
    for file in files:
        folders[file.rpartition("/")[0]] += 1
    return {
        folder: count
        for folder, count in folders.items()
        if count > MAX_FILES and folder not in allowed
    }


def python_sources() -> list[str]:
    """Return the product's Python modules, by path in the repository."""
    return [path for path in GRAPH if path.startswith(tuple(PYTHON_ROOTS))]


def module_names() -> list[tuple[str, str]]:
    """Return name and path of each Python module of the product."""
    return [(PurePosixPath(path).stem, path) for path in python_sources()]


def class_names() -> list[tuple[str, str]]:
    """Return name and path of each public class of the product."""
    return [
        (name, path)
        for path in python_sources()
        for name in public_classes((ROOT / path).read_text())
    ]


def test_rooms_import_only_what_the_table_allows() -> None:
    """Whoever needs a new arrow adds it to the table, and so says it."""
    assert rooms.breaches(GRAPH, ARROWS) == []


def test_arrows_run_one_way() -> None:
    """A row names only rooms above it, so that no rooms need one another."""
    assert rooms.misplaced(ARROWS) == []


def test_the_table_says_no_more_than_there_is() -> None:
    """Each row is a room, and an import uses each of its arrows."""
    used = {(start, end) for start, end, _ in rooms.between_rooms(GRAPH)}
    allowed = {(start, end) for start, ends in ARROWS.items() for end in ends}

    assert {*ARROWS} <= {rooms.room_of(path) for path in GRAPH}
    assert allowed - used == set()


def test_no_modules_import_one_another() -> None:
    """No circle anywhere, through others or not; imports in functions and for types count."""
    assert circles(GRAPH) == []


@pytest.mark.parametrize("part", rooms.PARTS)
def test_each_part_was_looked_at(part: str) -> None:
    """The rules above saw modules of each part, with imports between its rooms."""
    assert any(
        start.startswith(part) and end.startswith(part)
        for start, end, _ in rooms.between_rooms(GRAPH)
    )


def test_folders_hold_few_files() -> None:
    """Nobody finds a place among many files side by side."""
    assert overfull(tracked(), FULL_FOLDERS) == {}


def test_module_names_are_unique() -> None:
    """A name leads to one Python module, or the table says why there are more."""
    assert shared(module_names(), {*MODULE_NAMES, *RESOURCES}) == {}


def test_javascript_module_names_are_unique() -> None:
    """A name leads to one JavaScript module of the site."""
    named = [(PurePosixPath(path).stem, path) for path in tracked("static_site/*.js")]

    assert named
    assert shared(named, ()) == {}


def test_class_names_are_unique() -> None:
    """A name leads to one public class, or the table says why there are more."""
    assert class_names()
    assert shared(class_names(), CLASS_NAMES) == {}


def test_exceptions_are_needed() -> None:
    """An exception that nothing needs any more is taken out of its table."""
    assert {*MODULE_NAMES} <= {*shared(module_names(), ())}
    assert {*CLASS_NAMES} <= {*shared(class_names(), ())}
    assert {*FULL_FOLDERS} <= {*overfull(tracked(), {})}


def test_a_forbidden_import_is_found() -> None:
    """The check of arrows can fail: it names who imports what."""
    graph = {"static_site/lib/dom.js": {"static_site/components/page/shell.js"}}

    assert rooms.breaches(graph, ARROWS) == [
        "static_site/lib/dom.js imports static_site/components/page/shell.js"
    ]


def test_a_room_without_a_row_is_found() -> None:
    """A new folder may import nothing before the table says what."""
    graph = {"dashboard_app/attic/box.py": {"dashboard_app/words.py"}}

    assert rooms.breaches(graph, ARROWS)


def test_an_arrow_back_is_found() -> None:
    """The check of the table can fail: on a row that names a room below, or itself twice round."""
    table = rooms.arrows("dashboard_app", "\napi: ui\nui: api\n")

    assert rooms.misplaced(table) == ["dashboard_app/api -> dashboard_app/ui"]


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        ({"a": {"b"}, "b": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}, [["a", "b", "c"]]),
        ({"a": {"b", "c"}, "b": {"c"}, "c": set()}, []),
    ],
)
def test_a_circle_is_found(graph: dict[str, set[str]], found: list[list[str]]) -> None:
    """The search for circles can fail: it names whoever is in one, and nobody else."""
    assert circles(graph) == found


def test_imports_of_javascript_are_found() -> None:
    """Static and dynamic imports, and what is passed on; paths of libraries aren't ours."""
    source = """
        import { a } from "./b.js";
        import "../c.js";
        export * from '../lib/d.js';
        const later = await import("./e.js");
        import { f } from "f";
    """
    found = {*javascript_imports("static_site/views/a.js", source)}

    assert found == {
        *("static_site/views/b.js", "static_site/c.js", "static_site/lib/d.js"),
        "static_site/views/e.js",
    }


def test_a_full_folder_and_a_shared_name_are_found() -> None:
    """The checks of folders and names can fail."""
    files = [f"attic/box_{number}.py" for number in range(MAX_FILES + 1)]

    assert overfull(files, {}) == {"attic": MAX_FILES + 1}
    assert overfull(files[1:], {}) == {}
    assert shared([("Box", "a.py"), ("Box", "b.py")], ()) == {"Box": ["a.py", "b.py"]}
    assert public_classes("class Box: ...\nclass _Lid: ...\ndef f():\n    class Own: ...") == [
        "Box"
    ]
