"""The documents say what is true, and no tracked file names a machine or a package host."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from run_ledger.domain.contract.vocabulary import (
    MAX_DELTAS_PER_EVENT,
    MAX_DETAIL_BYTES,
    MAX_LEVELS,
    MOST_OWN_COUNTERS,
    MOST_OWN_COUNTERS_OF_A_JOB,
    OTHER_COUNTERS,
)
from run_ledger.domain.exceptions import RejectionReason
from run_ledger_ops import command

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
CODE = re.compile(r"```.*?```|`[^`]+`", re.DOTALL)
LINK = re.compile(r"(?:\]\(|src=\")([^)\s\"]+)")
PLACES = {  # what must stay out of tracked files, and why
    "a package index": r"https?://[^\s/]+/(?:simple|packages)/|\"resolved\": ?\"http",
    "a package host": r"\b(?:pypi|registry|deb|security|ftp)\.(?:org\b|npmjs|debian|python)"
    r"|[p]ythonhosted",
    "somebody's home": r"(?<![\w.])/(?:home|Users)/\w|(?<![\w.])/[r]oot/",
}


def tracked_texts() -> dict[str, str]:
    """Return the text files that are in the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    texts = {}
    for name in filter(None, listed.stdout.split("\0")):
        content = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b"\0"
        if b"\0" not in content:
            texts[name] = content.decode()
    return texts


def code_of(document: str) -> str:
    """Return what a document shows as code."""
    return "\n".join(CODE.findall((ROOT / document).read_text()))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_shown_make_targets_exist(document: str) -> None:
    """Each `make …` that a document shows is one that the Makefile knows."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = set(re.findall(r"(?<![\w-])make ([a-z-]+)", code_of(document)))

    assert shown
    assert shown <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_shown_subcommands_exist(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each `run-ledger …` that a document shows has a help text."""
    for shown in set(re.findall(r"(?<![\w-])run-ledger ([a-z]+)", code_of(document))):
        with pytest.raises(SystemExit) as exit_:
            command.main([shown, "--help"])
        assert exit_.value.code == 0, f"run-ledger {shown}: {capsys.readouterr().err}"


def test_shown_switches_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Each switch that the README gives `make run` is one of `run-ledger local`."""
    shown = set(re.findall(r'make run ARGS="(--[a-z-]+)', (ROOT / "README.md").read_text()))
    with pytest.raises(SystemExit):
        command.main(["local", "--help"])

    assert shown
    assert shown <= set(re.findall(r"--[a-z-]+", capsys.readouterr().out))


@pytest.mark.parametrize(
    "document", sorted(name for name in tracked_texts() if name.endswith(".md"))
)
def test_links_lead_somewhere(document: str) -> None:
    """Each relative link or picture of a document names a file, and a heading, that is there."""
    source = ROOT / document
    for link in LINK.findall(CODE.sub("", source.read_text())):
        path, _, anchor = link.partition("#")
        target = source.parent / path if path else source
        if "://" not in link:
            assert target.exists(), link
            assert not anchor or anchor in anchors_of(target.read_text()), link


def test_links_to_decisions_have_their_numbers() -> None:
    """Where a document calls a decision by its number, it leads to the one with that number."""
    named = re.compile(r"\[(?:[Rr]ecord|[Dd]ecision) (\d+)\]\([^)]*?/?(\d{4})-[^)]*\)")
    links = [
        (name, *found)
        for name, text in tracked_texts().items()
        if name.endswith(".md")
        for found in named.findall(text)
    ]
    assert links
    assert [link for link in links if int(link[1]) != int(link[2])] == []


def anchors_of(text: str) -> set[str]:
    """Return the names by which a document's headings can be linked to."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", [*DOCUMENTS[:2], "docs/architecture.md"])
def test_named_paths_exist(document: str) -> None:
    """Each path into the repository that a document shows as code is there (N: a number)."""
    tops = "backend|dashboard_app|infra|static_site|tests|docs"
    shown = set(re.findall(rf"`((?:{tops})/[\w./-]*\w)`", (ROOT / document).read_text()))
    given = {path for path in shown if not re.search(r"N\b|NNNN", path)}

    assert {path for path in given if not (ROOT / path).exists()} == set()


def test_the_contract_names_the_most_deltas_of_an_event() -> None:
    """A producer's developer reads the limit that events are checked against."""
    contract = (ROOT / "docs" / "contract.md").read_text()

    assert f"| `delta` | at most {MAX_DELTAS_PER_EVENT} pairs of " in contract


def test_the_contract_names_how_many_own_counters_are_kept() -> None:
    """A producer's developer reads how many names a job and a total keep, and where the rest is."""
    contract = " ".join((ROOT / "docs" / "contract.md").read_text().split())

    assert f"a job keeps the {MOST_OWN_COUNTERS_OF_A_JOB} that come first" in contract
    assert f"the {MOST_OWN_COUNTERS} that come first. What is added under" in contract
    assert f"as the counter `{OTHER_COUNTERS}`" in contract


def test_the_contract_explains_each_reason_of_a_rejection() -> None:
    """Whoever gets a rejection can look its reason up."""
    told = (ROOT / "docs" / "contract.md").read_text().split("| reason | the event |")[1]

    assert re.findall(r"^\| `(\w+)` \|", told, re.MULTILINE) == [*get_args(RejectionReason)]
    assert f"more than {MAX_DETAIL_BYTES // 1024} KB, or more than {MAX_LEVELS} levels" in told


def test_decisions_are_numbered_without_gaps() -> None:
    """Decision records are numbered from 1 and say context, decision and consequences."""
    records = sorted((ROOT / "infra" / "decisions").glob("*.md"))

    assert [path.name[:4] for path in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    for record in records:
        headings = set(re.findall(r"^#+ (\w+)$", record.read_text(), re.MULTILINE))
        assert {"Context", "Decision", "Consequences"} <= headings, record.name


def test_superseded_decisions_say_so() -> None:
    """Whoever reads a record learns at its top which later one holds now."""
    records = sorted((ROOT / "infra" / "decisions").glob("*.md"))
    states = {
        int(record.name[:4]): status.group(1)
        for record in records
        if (
            status := re.search(r"^Status: (.+?)\n\n", record.read_text(), re.DOTALL | re.MULTILINE)
        )
    }

    unmarked = [
        (later, earlier)
        for later, words in states.items()
        for clause in re.findall(r"; supersedes (.+)", re.sub(r"\(.*?\)", "", words), re.DOTALL)
        for earlier in map(int, re.findall(r"\b\d+\b", clause))
        if later not in map(int, re.findall(r"\b\d+\b", states[earlier]))
    ]

    assert unmarked == []


@pytest.mark.parametrize("place", PLACES)
def test_no_file_names_a_machine_or_a_package_host(place: str) -> None:
    """What is tracked works everywhere: with any package index, in any folder."""
    pattern = re.compile(PLACES[place])
    found = {
        name: match.group()
        for name, text in tracked_texts().items()
        if (match := pattern.search(text))
    }

    assert found == {}


def test_no_file_names_this_checkout() -> None:
    """Nothing generated on this machine kept its folder."""
    here = re.compile(rf"{re.escape(str(ROOT))}(?![\w-])")

    assert [name for name, text in tracked_texts().items() if here.search(text)] == []


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("a package index", "--extra-index-url https://wheels.example/" + "simple/"),
        ("a package host", "https://pypi" + ".org/project/x"),
        ("a package host", "deb http://deb" + ".debian.org/debian"),
        ("a package host", "registry" + ".npmjs.org"),
        ("somebody's home", "see /home" + "/ann/run-ledger"),
        ("somebody's home", "see /root" + "/.cache"),
    ],
)
def test_such_a_place_would_be_found(place: str, text: str) -> None:
    """The search can fail."""
    assert re.search(PLACES[place], text)
