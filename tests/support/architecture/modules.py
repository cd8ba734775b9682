"""The product's modules and what each imports, read from the source without running it."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PYTHON_ROOTS = {  # folder of the product: the folder that its dotted names start from
    "backend/run_ledger": "backend",
    "infra/run_ledger_ops": "infra",
    "dashboard_app": ".",
}
SITE = "static_site"
_JAVASCRIPT_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'](\.[^"']+)["']""")

Graph = Mapping[str, AbstractSet[str]]
"""What each module imports: `{"a.py": {"b.py"}}`. A graph of rooms has the same shape."""


def sources(folder: str) -> dict[str, Path]:
    """Return the Python modules below a folder: a path for each dotted name."""
    root = ROOT / folder
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(module: str, path: str, tree: ast.AST) -> Iterator[str]:
    """Give the absolute name of everything that a Python module imports, wherever it does."""
    package = module.split(".") if path.endswith("__init__.py") else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def javascript_imports(path: str, source: str) -> Iterator[str]:
    """Give the paths in the repository that a JavaScript module imports."""
    for target in _JAVASCRIPT_IMPORT.findall(source):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(path), target))


def product_graph() -> dict[str, set[str]]:
    """Return what each module of the product imports of the product, by path in the repository."""
    return {**_python_graph(), **_javascript_graph()}


def _python_graph() -> dict[str, set[str]]:
    known: dict[str, Path] = {}
    for folder, root in PYTHON_ROOTS.items():
        start = f"{folder.removeprefix(root).strip('/').replace('/', '.')}."
        known |= {
            name: path for name, path in sources(root).items() if f"{name}.".startswith(start)
        }
    return {
        _relative(path): {
            _relative(known[target])
            for name in imports(module, path.name, ast.parse(path.read_text()))
            for target in [_nearest(name, known)]
            if target and target != module
        }
        for module, path in known.items()
    }


def _javascript_graph() -> dict[str, set[str]]:
    paths = [_relative(path) for path in sorted((ROOT / SITE).rglob("*.js"))]
    return {
        path: {*javascript_imports(path, (ROOT / path).read_text())} & {*paths} for path in paths
    }


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _nearest(name: str, known: Mapping[str, Path]) -> str:
    """Return the module that a name is or comes from; an empty text where that isn't ours."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def circles(graph: Graph) -> list[list[str]]:
    """Return each group of modules that import one another, directly or through others."""
    beyond = {module: reachable(module, graph) for module in graph}
    groups = {
        tuple(sorted(other for other in beyond[module] if module in beyond.get(other, ())))
        for module in graph
        if module in beyond[module]
    }
    return [list(group) for group in sorted(groups)]


def reachable(module: str, graph: Graph) -> set[str]:
    """Return what a module imports, directly or through others."""
    found: set[str] = set()
    left = {*graph.get(module, ())}
    while left:
        found |= left
        left = {target for one in left for target in graph.get(one, ())} - found
    return found


def public_classes(source: str) -> list[str]:
    """Return the classes at the top of a Python module whose names start with a letter."""
    body = ast.parse(source).body
    return [node.name for node in body if isinstance(node, ast.ClassDef) and node.name[0].isalpha()]
