"""Who may know whom, held by reading the source: see "Who may import whom" in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.architecture.modules import ROOT, imports, sources

AWS = {"boto3", "botocore"}
NOT_SHIPPED = {"run_ledger_ops", "tests", "moto", "ministack", "pytest", "hypothesis"}
OUTSIDE_WORLD = {  # standard library modules that reach for a clock, chance, files or the network
    *("os", "sys", "time", "random", "secrets", "uuid", "logging", "threading", "asyncio"),
    *("io", "pathlib", "shutil", "tempfile", "subprocess", "socket", "http", "urllib"),
}
CLOCK_CALLS = {"now", "utcnow", "today"}
DOMAIN_MAY_IMPORT = {*sys.stdlib_module_names, "msgspec", "run_ledger"} - OUTSIDE_WORLD
MAY_READ_ENVIRONMENT = {"run_ledger.settings", "run_ledger.emit.identity.environment"}
MAY_CALL_AWS = (
    *("run_ledger.store", "run_ledger.doors", "run_ledger.aws_jobs", "run_ledger.delivering"),
    "run_ledger.pushing",
    "run_ledger.emit.delivery.bus",
)
SHARED_BY_EMIT = {  # what of the producers' library others may know, too
    "run_ledger.doors": ("run_ledger.emit.lineage", "run_ledger.emit.spans"),
    "run_ledger.aws_jobs": ("run_ledger.emit.counting.redaction",),
}
TYPES_ONLY = "mypy_boto3_"
MAX_LINES = 400
OPTIONAL = {  # whoever imports that module has it, or the module does without
    "openlineage": "run_ledger.emit.openlineage",
    "opentelemetry": "run_ledger.emit.opentelemetry",
    "genai_prices": "run_ledger.emit.pricing.maintained_prices",
    "anyio": "run_ledger_ops.assistant.server",
    "mcp": "run_ledger_ops.assistant.server",
    "mcp_types": "run_ledger_ops.assistant.server",
}
DISTRIBUTIONS = {  # import names that differ
    "botocore": "boto3",
    "yaml": "pyyaml",
    "google": "protobuf",
    "opentelemetry": "opentelemetry-proto",
}


BACKEND = sources("backend")
COMMAND = {name: path for name, path in sources("infra").items() if "run_ledger_ops" in name}
DASHBOARD = sources("dashboard_app")


def is_in(name: str, *packages: str) -> bool:
    """Tell whether a dotted name is one of the packages or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def reads_environment(tree: ast.AST) -> bool:
    """Tell whether the code touches the process's environment."""
    names = {"environ", "environb", "getenv"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.alias) and node.name in names)
        for node in ast.walk(tree)
    )


def reads_clock(tree: ast.AST) -> bool:
    """Tell whether the code asks what time it is."""
    asked = (node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return not CLOCK_CALLS.isdisjoint(asked)


def backend_violations(module: str, source: str, path: str = "module.py") -> list[str]:
    """Return what a module of the backend does that its place does not allow."""
    tree = ast.parse(source)
    found = [
        f"imports {name}: {complaint}"
        for name in imports(module, path, tree)
        for complaint in import_complaints(module, name)
    ]
    if module not in MAY_READ_ENVIRONMENT and reads_environment(tree):
        found.append("reads the environment: only run_ledger.settings does")
    if is_in(module, "run_ledger.domain") and reads_clock(tree):
        found.append("reads the clock: times are passed in")
    return found


def import_complaints(module: str, name: str) -> Iterator[str]:
    """Give what is wrong with a module of the backend importing this name."""
    top = name.partition(".")[0]
    ours = top == "run_ledger"
    if top in NOT_SHIPPED:
        yield "that does not ship"
    if top in AWS and not is_in(module, *MAY_CALL_AWS):
        yield "only run_ledger.store calls AWS"
    is_shared = any(
        is_in(module, room) and is_in(name, *parts) for room, parts in SHARED_BY_EMIT.items()
    )
    if is_in(name, "run_ledger.emit") and not is_in(module, "run_ledger.emit") and not is_shared:
        yield "the producers' library is for producers"
    known_to_emit = is_in(name, "run_ledger.domain", "run_ledger.emit")
    if is_in(module, "run_ledger.emit") and ours and not known_to_emit:
        yield "emit knows domain alone"
    if is_in(module, "run_ledger.domain"):
        if top not in DOMAIN_MAY_IMPORT:
            yield "domain takes values, nothing else"
        if ours and not is_in(name, "run_ledger.domain"):
            yield "domain knows nobody"
    known_to_store = is_in(name, "run_ledger.domain", "run_ledger.store")
    if is_in(module, "run_ledger.store") and ours and not known_to_store:
        yield "store knows domain alone"


def dashboard_violations(source: str) -> list[str]:
    """Return what the analysts' app imports though it may know HTTP alone."""
    forbidden = AWS | {"run_ledger", "run_ledger_ops"}
    names = imports("dashboard_app", "module.py", ast.parse(source))
    return [f"imports {name}" for name in names if name.split(".")[0] in forbidden]


def third_party(modules: dict[str, Path]) -> set[str]:
    """Return the distributions that modules import at run time."""
    own = {"run_ledger", "run_ledger_ops", *sys.stdlib_module_names}
    tops = {
        name.split(".")[0]
        for module, path in modules.items()
        for name in imports(module, path.name, ast.parse(path.read_text()))
        if OPTIONAL.get(name.split(".")[0]) != module
    }
    return {DISTRIBUTIONS.get(top, top) for top in tops - own if not top.startswith(TYPES_ONLY)}


def required(*requirements: str) -> set[str]:
    """Return the distributions that requirement files name."""
    lines = "\n".join((ROOT / path).read_text() for path in requirements)
    return {name.lower() for name in re.findall(r"^([A-Za-z][\w.-]*)", lines, re.MULTILINE)}


@pytest.mark.parametrize("module", BACKEND)
def test_backend_modules_keep_their_place(module: str) -> None:
    """Every module of the backend imports, reads and asks only what its layer may."""
    path = BACKEND[module]

    assert backend_violations(module, path.read_text(), path.name) == []


def reached(*modules: str) -> set[str]:
    """Return the backend's modules that these import, directly or through others."""
    found, left = set[str](), {*modules}
    while left:
        module = left.pop()
        found.add(module)
        path = BACKEND[module]
        names = imports(module, path.name, ast.parse(path.read_text()))
        known = {part for name in names for part in (name, name.rpartition(".")[0])}
        left |= (known & BACKEND.keys()) - found
    return found


def test_functions_leave_out_what_only_operators_write() -> None:
    """Who declares clients and grants is the command; the API's function can't even try."""
    written = {"run_ledger.store.clients.client_records", "run_ledger.store.clients.grants"}
    functions = reached("run_ledger.api", "run_ledger.writer")

    assert written <= {*BACKEND}
    assert "run_ledger.store.clients.reads" in functions
    assert functions & written == set()


def test_the_dashboard_app_knows_only_http() -> None:
    """The analysts' app goes through the API like everybody else."""
    found = {name: dashboard_violations(path.read_text()) for name, path in DASHBOARD.items()}

    assert not any(found.values()), found


def test_the_sources_were_found() -> None:
    """The rules above looked at something."""
    assert {
        "run_ledger.settings",
        "run_ledger.domain.state.job",
        "run_ledger.store.dynamo.connection",
    } <= {*BACKEND}
    assert {"main", "api.http_client", "pages.trends.page"} <= {*DASHBOARD}


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("run_ledger.domain.state.job", "import boto3", "only run_ledger.store calls AWS"),
        ("run_ledger.domain.state.job", "import requests", "domain takes values"),
        ("run_ledger.domain.state.job", "import time", "domain takes values"),
        ("run_ledger.domain.state.job", "from os import environ", "reads the environment"),
        ("run_ledger.domain.state.job", "from ...store import items", "domain knows nobody"),
        ("run_ledger.domain.state.job", "x = datetime.now(UTC)", "reads the clock"),
        ("run_ledger.store.calls", "from run_ledger import settings", "store knows domain alone"),
        ("run_ledger.writer", "from botocore.config import Config", "only run_ledger.store"),
        ("run_ledger.writer", "import os\nos.environ['A']", "reads the environment"),
        ("run_ledger.writer", "import os\nos.getenv('A')", "reads the environment"),
        ("run_ledger.writer", "from run_ledger_ops import bundle", "does not ship"),
        ("run_ledger.api", "import moto", "does not ship"),
        ("run_ledger.api", "from run_ledger.emit import RunLedger", "is for producers"),
        ("run_ledger.doors.event_door", "from run_ledger.emit import RunLedger", "for producers"),
        ("run_ledger.aws_jobs.follower", "from run_ledger.emit import RunLedger", "for producers"),
        ("run_ledger.emit.jobs", "from run_ledger.store import keys", "emit knows domain alone"),
        ("run_ledger.emit.jobs", "import botocore.session", "only run_ledger.store calls AWS"),
        ("run_ledger.emit.jobs", "from os import getenv", "reads the environment"),
    ],
)
def test_a_breach_is_found(module: str, source: str, complaint: str) -> None:
    """The checker can fail: each rule names the breach of it."""
    assert complaint in "; ".join(backend_violations(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "run_ledger.domain.state.job",
            "import msgspec\nfrom datetime import datetime\nfrom . import x",
        ),
        ("run_ledger.store.dynamo.connection", "import boto3\nfrom run_ledger.domain import job"),
        ("run_ledger.settings", "import os\nos.environ['A']"),
        ("run_ledger.writer", "import time\nfrom run_ledger.store import client"),
        ("run_ledger.doors.lineage_door", "from run_ledger.emit.lineage import LineageAdapter"),
        (
            "run_ledger.emit.delivery.bus",
            "import botocore.session\nfrom run_ledger.domain import events",
        ),
    ],
)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    """The checker lets each layer do its work."""
    assert backend_violations(module, source) == []


@pytest.mark.parametrize("source", ["import boto3", "from run_ledger.domain import job"])
def test_a_dashboard_breach_is_found(source: str) -> None:
    """The checker of the analysts' app can fail, too."""
    assert dashboard_violations(source)


def test_the_bundle_carries_what_the_backend_imports() -> None:
    """Every third-party import of the backend is named by its requirements."""
    assert third_party(BACKEND) <= required("backend/requirements.in")


def test_the_dashboard_app_has_what_it_imports() -> None:
    """Every third-party import of the analysts' app is named by its requirements."""
    known = third_party(DASHBOARD) - {"dashboard_app", "starlette"}  # Streamlit stands on Starlette

    assert known <= required("infra/locks/dashboard.in")


def test_make_run_has_what_the_command_imports() -> None:
    """`make run` installs what the command imports, not only `make test`."""
    assert third_party(COMMAND) <= required("backend/requirements.in", "infra/locks/run.in")


def test_no_source_file_is_long() -> None:
    """A file above the limit wants splitting; about 250 lines is the aim."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.js", "*.css"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    lengths = {name: len((ROOT / name).read_text().splitlines()) for name in listed.stdout.split()}

    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_no_two_test_files_share_a_name() -> None:
    """Pytest imports them by name alone: the second of a name would stop a whole run."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []
