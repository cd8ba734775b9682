"""The site's files as they are served: which belong to which view, and what they weigh."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from run_ledger_ops.deploying.site import site_objects

SITE_FOLDER = Path(__file__).parents[3] / "static_site"
PAGE = "index.html"
LEAST_COMPRESSED = 1_000
"""CloudFront leaves smaller files as they are."""
IMPORT = re.compile(r'^(?:import [^"]*|\} )from "([^"]+)"', re.MULTILINE)
VIEW = re.compile(r'import\("\./(views/[^"]+)"\).*?styles: \[(.*?)\]', re.DOTALL)
LATER = re.compile(r'loadStyle\("([^"]+)"\)')
BROTLI = """
const { brotliCompressSync, constants } = require("node:zlib");
const { readFileSync } = require("node:fs");
const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
for (const text of JSON.parse(readFileSync(0))) {
  console.log(brotliCompressSync(Buffer.from(text), { params }).length);
}
"""


def served_files() -> dict[str, bytes]:
    """Return every file of the site as it is served, by name, without its settings."""
    objects = site_objects(SITE_FOLDER, {})
    return {item.key: item.body for item in objects if item.key != "config.json"}


def bytes_sent(body: bytes, compressed: int) -> int:
    """Return how many bytes of a file go to a browser, given what compression makes of it."""
    return len(body) if len(body) < LEAST_COMPRESSED else min(len(body), compressed)


def brotli_sizes() -> dict[str, int]:
    """Return what is sent of each file to a browser that takes Brotli, in bytes; needs node."""
    files = served_files()
    asked = subprocess.run(
        ["node", "-e", BROTLI],
        input=json.dumps([body.decode() for body in files.values()]),
        check=True,
        capture_output=True,
        text=True,
    )
    compressed = map(int, asked.stdout.split())
    return {
        name: bytes_sent(body, size)
        for (name, body), size in zip(files.items(), compressed, strict=True)
    }


def imported_by(name: str) -> set[str]:
    """Return the modules that a module imports from its first line on."""
    script = SITE_FOLDER / name
    found = {(script.parent / path).resolve() for path in IMPORT.findall(script.read_text())}
    return {path.relative_to(SITE_FOLDER).as_posix() for path in found}


def needed_by(name: str) -> set[str]:
    """Return all modules that a module needs, directly or not, without itself."""
    needed: set[str] = set()
    waiting = [name]
    while waiting:
        new = imported_by(waiting.pop()) - needed
        needed |= new
        waiting += new
    return needed


def views_and_styles() -> dict[str, set[str]]:
    """Return the stylesheets that each view loads, by the view's module."""
    found = VIEW.findall((SITE_FOLDER / "views.js").read_text())
    return {module: set(re.findall(r'"([^"]+)"', styles)) for module, styles in found}


def styles_loaded_later() -> set[str]:
    """Return the stylesheets that scripts load by themselves, once a view is there."""
    scripts = SITE_FOLDER.rglob("*.js")
    return {name for script in scripts for name in LATER.findall(script.read_text())}


def linked_by_page(rel: str) -> list[str]:
    """Return what the page links to in this relation: `stylesheet`, `modulepreload`."""
    page = (SITE_FOLDER / PAGE).read_text()
    return re.findall(rf'rel="{rel}" href="\./([^"]+)"', page)
