"""Failures of one kind share a fingerprint, and failures of two kinds have two."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.contract.fingerprint_rule_2 import normalised
from run_ledger.domain.contract.fingerprints import LATEST_VERSION, fingerprint

# Messages as real software writes them. Those of one family have one type; its groups hold what is
# one kind of failure, each a kind of its own.
FAMILIES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "error_shapes.json").read_text()
)
LOOK_ALIKES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "error_look_alikes.json").read_text()
)


class Verdict(NamedTuple):
    """How well a rule finds which pairs of messages of one type are one kind."""

    precision: float
    """Of the pairs that the rule makes one group, the share that is one."""
    recall: float
    """Of the pairs that are one group, the share that the rule makes one."""
    wrong: list[str]


def is_held_out(family: dict[str, Any]) -> bool:
    """Return whether *family* is of the part that the rule was not made with."""
    return hashlib.sha256(family["name"].encode()).digest()[0] % 5 < 2


def judged(families: Iterable[dict[str, Any]], version: int = LATEST_VERSION) -> Verdict:
    """Return how well a rule does on all pairs of each family."""
    right, merged, split = 0, 0, 0
    wrong: list[str] = []
    for family in families:
        told = [
            (number, message, fingerprint(family["type"], message, version))
            for number, group in enumerate(family["groups"])
            for message in group
        ]
        for (kind, one, first), (other_kind, other, second) in combinations(told, 2):
            right += first == second and kind == other_kind
            merged += first == second and kind != other_kind
            split += first != second and kind == other_kind
            if (first == second) != (kind == other_kind):
                wrong.append(f"{family['name']}: {one[:90]!r} / {other[:90]!r}")
    return Verdict(right / (right + merged), right / (right + split), wrong)


def test_shapes_are_many() -> None:
    """The corpus has at least two hundred shapes, and two fifths of its families are held out."""
    assert sum(len(family["groups"]) for family in FAMILIES) >= 200
    assert 0.3 < sum(map(is_held_out, FAMILIES)) / len(FAMILIES) < 0.5


def test_shapes_that_the_rule_was_made_with() -> None:
    """All pairs of these are told right."""
    verdict = judged(family for family in FAMILIES if not is_held_out(family))
    assert not verdict.wrong
    assert (verdict.precision, verdict.recall) == (1.0, 1.0)


def test_shapes_that_were_held_out() -> None:
    """Of those that nobody looked at while the rule was made, hardly a pair is told wrong."""
    verdict = judged(family for family in FAMILIES if is_held_out(family))
    assert verdict.precision >= 0.98, verdict
    assert verdict.recall >= 0.9, verdict


@pytest.mark.parametrize("case", LOOK_ALIKES["one_group"])
def test_one_group(case: dict[str, Any]) -> None:
    """Messages that differ in what varies alone."""
    assert len({normalised(case["type"], one) for one in case["messages"]}) == 1


@pytest.mark.parametrize("case", LOOK_ALIKES["a_group_each"])
def test_a_group_each(case: dict[str, Any]) -> None:
    """Messages that differ in what tells kinds apart."""
    forms = [normalised(case["type"], one) for one in case["messages"]]
    assert len(set(forms)) == len(forms)


def test_rule_1_is_worse() -> None:
    """The measure tells the rules apart: the first one merged what are two kinds, and split one."""
    first = judged(FAMILIES, version=1)
    assert first.precision < 0.6
    assert first.recall < 0.85


def test_form() -> None:
    """A fingerprint is 16 hexadecimal digits, the same in every process and release."""
    assert fingerprint("KeyError", "'price'") == fingerprint("KeyError", "'price'", 2)
    assert fingerprint("ValueError", "row 17 is bad", 2) == "a499ad869d923638"
    assert fingerprint("ValueError", "row 17 is bad", 1) == "6475ea6d4a264a29"


def test_an_unknown_rule_is_refused() -> None:
    """Nothing is guessed of a rule of a later release."""
    with pytest.raises(ValueError, match="fingerprint rule 99"):
        fingerprint("E", "x", 99)


def test_type_counts() -> None:
    """The same message under another type is another error."""
    assert fingerprint("ValueError", "x") != fingerprint("KeyError", "x")


@given(st.integers(), st.integers(), st.uuids(), st.ip_addresses(), st.datetimes())
def test_what_varies_may_be_anything(
    one: int, other: int, an_id: object, address: object, moment: object
) -> None:
    """Any numbers, ids, addresses and times may stand in a message."""
    about = "row {} of {}: {} left, read from {} at {}"
    example = about.format(17, "550e8400-e29b-41d4-a716-446655440000", 3, "10.0.0.1", "10:15:00")
    assert fingerprint("E", about.format(one, an_id, other, address, moment)) == (
        fingerprint("E", example)
    )


HOSTILE = (
    *(
        "a",
        "0",
        "a0",
        "'",
        '"',
        "`",
        "“",
        "/",
        "/a",
        "-",
        ".",
        "1.",
        ",1",
        " ",
        "\n",
        "0x",
        ":",
        "::",
    ),
    *(
        "https://",
        "http://a?",
        "a@",
        "@a",
        "{",
        "}",
        "{a",
        '{"error":',
        "\\",
        "\\'",
        "[",
        "(",
        "<v>,",
    ),
    *("Error(", "\n at ", "\nLINE 1: ", "Key (a)=(", "input_value=", "tmp", "-b2c3d4-", "2026-"),
    *("'message': '", "status ", "request id ", "Mon, ", "1 s ", "arn:aws:sts::1:assumed-role/a"),
    *(
        "gpt-",
        "<html",
        "from completion ",
        "output: ",
        "a***",
        "site-packages/",
        ", value: ",
        " 'a ",
    ),
)


def _seconds(message: str) -> float:
    began = time.process_time()
    normalised("E", message)
    return time.process_time() - began


@pytest.mark.parametrize("unit", HOSTILE)
def test_work_grows_with_the_length_alone(unit: str) -> None:
    """No message makes the rule try the same text over and over: eight times the text, no more."""
    # Of several tries the shortest: a busy machine makes single ones longer, never shorter.
    took = [
        max(min(_seconds((unit * length)[:length] + end) for _ in range(3)) for end in ("", "'"))
        for length in (2_000, 16_000)
    ]
    assert took[1] < 0.05 + 30 * took[0]  # 8 times is linear, 64 times quadratic


@given(st.text(alphabet=st.sampled_from("a0x-/'\"`“”{}()[]=:. ,\\\ne"), max_size=200) | st.text())
def test_total(message: str) -> None:
    """Any message has a normal form: one line in lower case, without space around it."""
    normal = normalised("ExitCode1", message)
    assert normal == " ".join(normal.lower().split())
    assert fingerprint("E", message + "\ud800")


@pytest.mark.parametrize("character", ["²", "٣", "①", "𝟘", "ß", "İ", "\ue001", "\x00", "\u2028"])
def test_strange_digits_and_letters(character: str) -> None:
    """Digits of any script, and characters that grow in lower case, have a form, too."""
    assert normalised("E", f"row {character} of '{character}' is bad{character}")


def test_only_the_ends_of_a_very_long_message_are_read() -> None:
    """What tells is at the beginning or at the end; megabytes between take no time."""
    long = "loading " + "x" * 5_000_000
    assert fingerprint("E", f"{long} failed") != fingerprint("E", f"{long} was denied")
