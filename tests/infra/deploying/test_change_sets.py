"""A change set is made once, whatever becomes of the answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from run_ledger_ops.deploying import plans, stacks


class ForgetfulCloudFormation:
    """Makes a change set, and says at the SDK's second try that there is one of that name."""

    meta = SimpleNamespace(endpoint_url="http://127.0.0.1:9")
    name = ""

    def create_change_set(self, **request: Any) -> Any:
        """Answer as to the second try."""
        self.name = request["ChangeSetName"]
        error = {"Code": "AlreadyExistsException", "Message": f"{self.name} already exists"}
        raise ClientError({"Error": error}, "CreateChangeSet")

    def describe_change_set(self, ChangeSetName: str, StackName: str = "") -> Any:  # noqa: N803
        """Give the change set by its name and stack, or by its ARN."""
        assert (StackName, ChangeSetName) in {("ledger", self.name), ("", f"arn:{self.name}")}
        changes = [{"ResourceChange": {"Action": "Add"}}]
        return {
            "ChangeSetId": f"arn:{self.name}",
            "Status": "CREATE_COMPLETE",
            "Changes": changes,
        }


def test_a_change_set_whose_answer_got_lost_is_taken_up() -> None:
    """The SDK asks again then, and what exists already is what was asked for."""
    stack = stacks.Stack(ForgetfulCloudFormation(), "ledger", sleep=lambda _: None)
    wanted = stacks.Wanted("https://bucket.example/template", parameters={}, tags={})
    proposed = stack.propose(wanted, creates=False)
    assert proposed is not None
    assert proposed.arn.startswith("arn:run-ledger-")
    assert len(proposed.changes) == 1


@pytest.mark.parametrize(
    ("layout", "before", "is_told"),
    [
        ("log", None, False),
        ("rows", {"Stage": "prod"}, False),
        ("log", {"Stage": "prod"}, True),
        ("log", {"Stage": "prod", "EntryLayout": "rows"}, False),
        ("rows", {"Stage": "prod", "EntryLayout": "log"}, False),
    ],
)
def test_a_release_that_reads_no_logs_is_replaced_first(
    layout: str, before: dict[str, str] | None, is_told: bool
) -> None:
    """Only then does anybody write them; back to rows it goes at any time."""
    found = plans.layout_trouble(layout, before)
    assert ("EntryLayout=rows first" in str(found)) is is_told
