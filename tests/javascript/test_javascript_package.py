"""The JavaScript package: its parts keep their promises, it installs, and its types are true."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from tests.support.producers.node import PACKAGE, needed, run_program, with_package

ROOT = Path(__file__).resolve().parents[2]
UNIT_FOLDER = Path(__file__).parent / "unit"
CONSUMER = """
import { Intake, RunLedger, type EventResult } from "run-ledger";
const ledger = new RunLedger({ url: "https://intake.example", credential: async () => "t" });
const settings = { url: "https://intake.example", credential: "k" };
const seven: number = await ledger.tracked({ client_id: "acme" }, (job) => {
  job.add({ records_ok: 1, cost_microusd: 5n }, { model: "m" });
  return 7;
});
const results: EventResult[] = await new Intake(settings).send([]);
console.log(seven, results);
"""
SAME = """
import * as told from "./types.js";
import * as real from "./index.js";
export const same: typeof told.RunLedger = real.RunLedger;
export const too: typeof told.Intake = real.Intake;
export const job = (one: real.Job): Omit<told.Job, never> => one;
export const names: keyof typeof real = null as unknown as keyof typeof told;
export const again: keyof typeof told = null as unknown as keyof typeof real;
"""


def test_the_parts_keep_their_promises(tmp_path: Path) -> None:
    """Every unit test passes under node's own test runner."""
    folder = with_package(tmp_path)
    unit = shutil.copytree(UNIT_FOLDER, folder / "unit")
    tests = sorted(str(file) for file in unit.glob("*.test.js"))

    run = subprocess.run(
        [needed("node"), "--test", *tests], capture_output=True, text=True, check=False, cwd=folder
    )

    assert len(tests) > 1
    assert run.returncode == 0, run.stdout + run.stderr


def test_it_installs_from_the_checkout(tmp_path: Path) -> None:
    """`npm install PATH` needs nothing else, and `import "run-ledger"` finds it."""
    (tmp_path / "package.json").write_text('{"type": "module"}')
    installed = subprocess.run(
        [needed("npm"), "install", "--offline", "--no-audit", "--no-fund", str(PACKAGE)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr

    done = run_program(
        tmp_path, 'import * as all from "run-ledger"; console.log(Object.keys(all).join())'
    )

    assert done.stdout == "Intake,Job,RunLedger\n", done.stderr
    lock = json.loads((tmp_path / "package-lock.json").read_text())
    assert [name for name in lock["packages"] if name.startswith("node_modules/")] == [
        "node_modules/run-ledger"
    ]


def test_it_carries_the_products_version_and_licence() -> None:
    """And nothing else is installed with it."""
    package = json.loads((PACKAGE / "package.json").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert (package["version"], package["license"]) == (project["version"], project["license"])
    assert not [name for name in package if name.lower().endswith("dependencies")]


def compiled(folder: Path, source: str, name: str) -> str:
    """Return what the type checker says of a TypeScript module."""
    checker = ROOT / ".venvs" / "node" / "node_modules" / ".bin" / "tsc"
    (folder / name).write_text(source)
    options = "--strict --noEmit --allowJs --target es2023 --module esnext --lib es2023,dom"
    run = subprocess.run(
        [
            checker,
            *options.split(),
            *("--moduleResolution", "bundler"),
            name,
            ROOT / "infra" / "tools" / "node.d.ts",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return run.stdout + run.stderr


@pytest.fixture
def _checker() -> None:
    """Have the type checker installed, and the package's scripts checked by it."""
    needed("npm")
    run = subprocess.run(
        [ROOT / "infra/tools/check-javascript", PACKAGE, "infra/tools/node.d.ts"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout + run.stderr) == (0, "")


@pytest.mark.usefixtures("_checker")
def test_its_types_are_true_and_of_use(tmp_path: Path) -> None:
    """What types.d.ts tells is what index.js gives; a TypeScript program is checked by it."""
    folder = with_package(tmp_path)
    assert compiled(folder, CONSUMER, "consumer.ts") == ""
    wrong = compiled(folder, CONSUMER.replace("client_id", "clientId"), "wrong.ts")
    assert "'clientId' does not exist" in wrong

    inside = Path(shutil.copytree(PACKAGE, tmp_path / "inside"))
    assert compiled(inside, SAME, "same.ts") == ""
    told = (inside / "types.d.ts").read_text()
    (inside / "types.d.ts").write_text(told.replace("stage(text: string)", "phase(text: string)"))
    assert "'phase' is missing" in compiled(inside, SAME, "same.ts")
