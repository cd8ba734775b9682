"""A change set is made once, whatever becomes of the answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from run_ledger_ops.deploying import stacks


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
