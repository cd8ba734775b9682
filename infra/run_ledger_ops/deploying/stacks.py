"""A CloudFormation stack: what it is, change sets for it, and the events while one is executed.

Every deployment is a change set: what was shown as a plan is exactly what is executed.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.console import target
from run_ledger_ops.console.aws_errors import explain
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying.states import (
    CHANGE_SET_FAILED,
    CHANGE_SET_PENDING,
    GONE,
    ROLLED_BACK,
    SETTLED,
    Way,
    way_on,
)

_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_POLL_SECONDS = 2.0
_LOCAL_POLL_SECONDS = 0.2
_NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
_EXISTS = "AlreadyExistsException"
_CONSEQUENCES = ("Resource creation cancelled", "Resource update cancelled")

StackEvent = dict[str, Any]
Tell = Callable[[StackEvent], None]


class StackFailedError(OpsError):
    """CloudFormation failed; the text has the reasons of the failed resources."""


class StackLostError(OpsError):
    """CloudFormation works, and can't be followed any more; the text says why."""


@dataclass(frozen=True)
class ChangeSet:
    """What CloudFormation would do, once it is executed."""

    arn: str
    creates: bool
    changes: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Wanted:
    """What a stack is to become."""

    template_url: str
    parameters: Mapping[str, str | None]  # None: whatever it was before
    tags: Mapping[str, str]
    adopts: bool = False


class Stack:
    """One stack by its name."""

    def __init__(
        self,
        cloudformation: Any,
        name: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Talk to *cloudformation*; between two looks at it, *sleep*."""
        self._cloudformation = cloudformation
        self.name = name
        is_local = "amazonaws.com" not in cloudformation.meta.endpoint_url
        self._seconds = _LOCAL_POLL_SECONDS if is_local else _POLL_SECONDS
        self._sleep = sleep

    def describe(self) -> dict[str, Any] | None:
        """Return CloudFormation's description, None if there is no such stack."""
        try:
            answer = self._cloudformation.describe_stacks(StackName=self.name)
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
        stack: dict[str, Any] = answer["Stacks"][0]
        return stack

    @property
    def state(self) -> str | None:
        """Its present state, None if there is none."""
        found = self.describe()
        return None if found is None else str(found["StackStatus"])

    def outputs(self) -> dict[str, str]:
        """Return its outputs; none where there is no stack, or its first deployment failed."""
        return target.outputs_of(self.describe() or {})

    def parameters(self) -> dict[str, str]:
        """Return the parameters that it was deployed with."""
        return target.parameters_of(self.describe() or {})

    def resource_names(self) -> list[str]:
        """Return the logical names of what is in it; none where there is no stack."""
        if self.describe() is None:
            return []
        pages = self._cloudformation.get_paginator("list_stack_resources")
        return [
            one["LogicalResourceId"]
            for page in pages.paginate(StackName=self.name)
            for one in page["StackResourceSummaries"]
            if one["ResourceStatus"] != "DELETE_COMPLETE"
        ]

    def propose(self, wanted: Wanted, *, creates: bool) -> ChangeSet | None:
        """Make a change set and return it; None where nothing would change."""
        request: dict[str, Any] = {
            "StackName": self.name,
            "ChangeSetName": f"run-ledger-{time.time_ns()}",
            "ChangeSetType": "CREATE" if creates else "UPDATE",
            "TemplateURL": wanted.template_url,
            "Capabilities": _CAPABILITIES,
            "Parameters": [_parameter(*one) for one in sorted(wanted.parameters.items())],
            "Tags": [{"Key": key, "Value": value} for key, value in sorted(wanted.tags.items())],
        }
        if wanted.adopts:
            request["ImportExistingResources"] = True
        arn = self._create_change_set(request)
        while (found := self._change_set(arn))["Status"] in CHANGE_SET_PENDING:
            self._sleep(self._seconds)
        if found["Status"] != CHANGE_SET_FAILED:
            return ChangeSet(arn, creates, tuple(found["Changes"]))
        self.withdraw(ChangeSet(arn, creates, ()))
        reason = found.get("StatusReason", "CloudFormation gives no reason")
        if any(words in reason for words in _NOTHING_TO_DO):
            return None
        raise StackFailedError(f"CloudFormation refuses the change: {reason}")

    def _create_change_set(self, request: dict[str, Any]) -> str:
        """Create a change set and give its ARN.

        Its name is this very call's, so one that exists already is this call's, too: the answer got
        lost, and the SDK asked again.
        """
        try:
            return str(self._cloudformation.create_change_set(**request)["Id"])
        except ClientError as error:
            if error.response["Error"]["Code"] != _EXISTS:
                raise
        found = self._cloudformation.describe_change_set(
            StackName=self.name, ChangeSetName=request["ChangeSetName"]
        )
        return str(found["ChangeSetId"])

    def _change_set(self, arn: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._cloudformation.describe_change_set(ChangeSetName=arn)
        token = answer.get("NextToken")
        while token:
            page = self._cloudformation.describe_change_set(ChangeSetName=arn, NextToken=token)
            answer["Changes"] += page["Changes"]
            token = page.get("NextToken")
        return answer

    def withdraw(self, change_set: ChangeSet) -> None:
        """Delete a change set, and the empty stack that CloudFormation made for it."""
        self._cloudformation.delete_change_set(ChangeSetName=change_set.arn)
        if change_set.creates and self.state == "REVIEW_IN_PROGRESS":
            self._cloudformation.delete_stack(StackName=self.name)

    def execute(self, change_set: ChangeSet, tell: Tell) -> None:
        """Execute a change set and call *tell* with each event.

        Raises StackFailedError, and StackLostError where AWS gives no answer any more meanwhile.
        """
        before = self._newest_event()
        self._cloudformation.execute_change_set(ChangeSetName=change_set.arn)
        try:
            self._follow(before, tell, done=SETTLED)
        except (ClientError, BotoCoreError) as error:
            raise StackLostError(explain(error)) from error

    def delete(self, tell: Tell) -> None:
        """Delete the stack and call *tell* with each event; raises StackFailedError."""
        found = self.describe()
        if found is None:
            return
        before = self._newest_event()
        self._cloudformation.delete_stack(StackName=self.name)
        # Once deleted, a stack is found by its ARN alone.
        gone = Stack(self._cloudformation, found["StackId"], self._sleep)
        gone._follow(before, tell, done=GONE)

    def take_update_back(self, tell: Tell) -> None:
        """Take an update back that failed and was told to stay; raises StackFailedError."""
        before = self._newest_event()
        self._cloudformation.rollback_stack(StackName=self.name)
        self._follow(before, tell, done=ROLLED_BACK)

    def continue_rollback(self, tell: Tell, skipped: Sequence[str] = ()) -> None:
        """Go on with the rollback of an update that failed; raises StackFailedError.

        Resources with the logical ids *skipped* stay as they are. CloudFormation then takes them
        for what they were before the update.
        """
        before = self._newest_event()
        more = {"ResourcesToSkip": list(skipped)} if skipped else {}
        self._cloudformation.continue_update_rollback(StackName=self.name, **more)
        self._follow(before, tell, done=ROLLED_BACK)

    def cancel_update(self, tell: Tell) -> None:
        """Have CloudFormation take back the update that it is at; raises StackFailedError."""
        before = self._newest_event()
        self._cloudformation.cancel_update_stack(StackName=self.name)
        self._follow(before, tell, done=ROLLED_BACK)

    def wait(self) -> None:
        """Wait until CloudFormation has done what it is at."""
        while way_on(self.state) is Way.WAIT:
            self._sleep(self._seconds)

    def resources(self) -> list[dict[str, Any]]:
        """Return CloudFormation's summary of each of the stack's resources."""
        pages = self._cloudformation.get_paginator("list_stack_resources")
        return [
            one
            for page in pages.paginate(StackName=self.name)
            for one in page["StackResourceSummaries"]
        ]

    def history(self) -> Iterator[StackEvent]:
        """Give the stack's events of the last 90 days, the newest first."""
        pages = self._cloudformation.get_paginator("describe_stack_events")
        for page in pages.paginate(StackName=self.name):
            yield from page["StackEvents"]

    def events_since(self, event_id: str | None) -> list[StackEvent]:
        """Return the events that came after one, oldest first."""
        found: list[StackEvent] = []
        for event in self.history():
            if event["EventId"] == event_id:
                break
            found.append(event)
        return found[::-1]

    def _newest_event(self) -> str | None:
        events = self._cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return events[0]["EventId"] if events else None

    def _follow(
        self,
        before: str | None,
        tell: Tell,
        *,
        done: frozenset[str],
    ) -> None:
        """Call *tell* with events until one of the stack itself says that it is finished.

        The stack's state would not do: for a moment it may still be the one from before.
        """
        events: list[StackEvent] = []
        while True:
            if done == GONE and self.state is None:
                return
            new = self.events_since(events[-1]["EventId"] if events else before)
            events += new
            for event in new:
                tell(event)
            own = [one for one in events if is_of_the_stack(one)]
            state = own[-1]["ResourceStatus"] if own else "_IN_PROGRESS"
            if state in done:
                return
            if not state.endswith("_IN_PROGRESS"):
                raise StackFailedError("\n".join([f"It ended as {state}.", *reasons(events)]))
            self._sleep(self._seconds)


def names_of_stages(cloudformation: Any) -> list[str]:
    """Return the names of the stacks of all stages in an account and region."""
    return [
        one["StackName"]
        for page in cloudformation.get_paginator("describe_stacks").paginate()
        for one in page["Stacks"]
        if one["StackName"].startswith("run-ledger-") and one["StackStatus"] != "REVIEW_IN_PROGRESS"
    ]


def templates_of_stages(cloudformation: Any) -> Iterator[str]:
    """Give the template of each stage in an account and region."""
    for name in names_of_stages(cloudformation):
        found = cloudformation.get_template(StackName=name, TemplateStage="Original")
        body = found["TemplateBody"]
        yield body if isinstance(body, str) else json.dumps(body)


def is_of_the_stack(event: StackEvent) -> bool:
    """Return whether an event is about the stack itself, not about one of its resources."""
    return bool(event.get("PhysicalResourceId") == event["StackId"])


def reasons(events: Sequence[StackEvent]) -> list[str]:
    """Return a line for each resource that failed by itself, the first one first."""
    return [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): "
        f"{event.get('ResourceStatusReason', 'no reason given')}"
        for event in events
        if event["ResourceStatus"].endswith("_FAILED")
        and not event.get("ResourceStatusReason", "").startswith(_CONSEQUENCES)
    ]


def _parameter(name: str, value: str | None) -> dict[str, Any]:
    if value is None:
        return {"ParameterKey": name, "UsePreviousValue": True}
    return {"ParameterKey": name, "ParameterValue": value}
