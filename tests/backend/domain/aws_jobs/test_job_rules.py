"""Which jobs a rule is about."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.aws_jobs.job_rules import AwsJobRule, Owned, matches, owner_of

NAMES = {
    "state_machine": ("orders", "arn:aws:states:eu-central-1:123456789012:stateMachine:orders")
}


@given(st.text("ab*", max_size=8), st.text("ab", max_size=10))
def test_patterns_match_as_in_a_shell(pattern: str, name: str) -> None:
    """A star stands for any characters, none among them."""
    assert matches(pattern, name) is fnmatch.fnmatchcase(name, pattern)


def test_a_pattern_with_many_stars_takes_no_time() -> None:
    """An expression would try every way to share the letters out."""
    assert not matches("*a" * 120 + "b", "a" * 5_000)


@pytest.mark.parametrize(
    ("pattern", "is_about"),
    [
        ("orders", True),
        ("ord*", True),
        ("Orders", False),
        ("order", False),
        ("*", True),
        ("arn:aws:states:*:123456789012:stateMachine:orders", True),
        ("arn:aws:states:*:999999999999:stateMachine:orders", False),
        ("*:stateMachine:orders", False),
    ],
)
def test_names_and_arns(pattern: str, *, is_about: bool) -> None:
    """A pattern that begins with arn: is held against ARNs, any other against names."""
    rule = AwsJobRule(selector="state_machine", pattern=pattern, project="p")
    assert (owner_of([Owned("acme", rule)], NAMES).found is not None) is is_about


def test_a_rule_of_another_kind_is_not_about_it() -> None:
    """A job of Glue may have the name of a state machine."""
    rule = AwsJobRule(selector="glue_job", pattern="orders", project="p")
    assert owner_of([Owned("acme", rule)], NAMES).found is None


def test_rivals_are_named() -> None:
    """Each client once, however many of its rules are about it."""
    rule = AwsJobRule(selector="state_machine", pattern="orders", project="p")
    owners = [Owned("b", rule), Owned("a", rule), Owned("a", rule)]
    assert owner_of(owners, NAMES) == type(owner_of([], {}))(None, ("a", "b"))
