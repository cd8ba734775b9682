"""An account with one stack in it, of which CloudFormation behaves as its documents say.

"Understand CloudFormation stack creation events" lists the states; the API reference says in which
of them CreateChangeSet, DeleteStack, RollbackStack and ContinueUpdateRollback are taken;
"DeletionPolicy attribute" says what RetainExceptOnCreate keeps. By the registry schemas of tables
and user pools, a delete handler has no right to lift the protection from deletion.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .services import S3, Cognito, DynamoDb, Service

STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/run-ledger-x/1"
TABLE, POOL, BUCKET = "AWS::DynamoDB::Table", "AWS::Cognito::UserPool", "AWS::S3::Bucket"
JOBS, SITE = "run-ledger-x-jobs", "site-bucket"
TEMPLATE = {
    "JobsTable": TABLE,
    "UserPool": POOL,
    "SiteBucket": BUCKET,
    "Bus": "AWS::Events::EventBus",
}
UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
UPDATABLE |= {"IMPORT_ROLLBACK_COMPLETE"}
ENDS = {
    "CREATE_IN_PROGRESS": "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS": "ROLLBACK_COMPLETE",
    "UPDATE_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_IN_PROGRESS": "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_IN_PROGRESS": "IMPORT_ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS": None,
}
"""What becomes of work that goes on by itself; None: the stack is gone."""


class CloudFormation(Service):
    """One stack, and what happens to it."""

    name = "cloudformation"

    def __init__(self, dynamodb: DynamoDb, cognito: Cognito, s3: S3) -> None:
        """Begin without a stack."""
        super().__init__()
        self.meta = type("Meta", (), {"endpoint_url": "https://cloudformation.amazonaws.com"})()
        self.dynamodb, self.cognito, self.s3 = dynamodb, cognito, s3
        self.state: str | None = None
        self.parameters: dict[str, str] = {}
        self.resources: dict[str, dict[str, Any]] = {}
        self.events: list[dict[str, Any]] = []  # the newest first
        self.template = dict(TEMPLATE)
        self.failing: set[str] = set()
        """Logical ids of what can't be created, rolled back or deleted."""
        self.failing_once: set[str] = set()
        self.others: list[str] = []
        """Names of other stages' stacks."""
        self._change_sets: dict[str, dict[str, Any]] = {}
        self._looks = 0

    # --- what there is to see ---

    def _describe_stacks(self, StackName: str = "") -> Any:  # noqa: N803
        self._go_on()
        if not StackName:
            own = [] if self.state in {None, "DELETE_COMPLETE"} else ["run-ledger-x"]
            names = [*own, *self.others]
            return {"Stacks": [{"StackName": one, "StackStatus": "U"} for one in names]}
        if self.state is None or (self.state == "DELETE_COMPLETE" and StackName != STACK_ID):
            raise self._refuse("DescribeStacks", f"Stack with id {StackName} does not exist")
        given = [{"ParameterKey": k, "ParameterValue": v} for k, v in self.parameters.items()]
        outputs = {
            **dict.fromkeys(("SiteUrl", "ApiUrl", "McpUrl", "Issuer", "Scope"), "u"),
            "BusName": "b",
            "SiteBucketName": SITE,
        }
        outputs |= {"UserPoolId": self.resources.get("UserPool", {}).get("id", "")}
        return {
            "Stacks": [
                {
                    "StackId": STACK_ID,
                    "StackStatus": self.state,
                    "Parameters": given,
                    "Outputs": [{"OutputKey": k, "OutputValue": v} for k, v in outputs.items()],
                }
            ]
        }

    def _go_on(self) -> None:
        """Let work that goes on by itself end, the third time that somebody looks."""
        if self.state not in ENDS:
            return
        self._looks += 1
        if self._looks >= 3:
            self._looks = 0
            end = ENDS[self.state]
            if self.state == "DELETE_IN_PROGRESS":
                self._delete_all()
            elif self.state == "ROLLBACK_IN_PROGRESS":
                self._roll_back_creation()
            else:
                self.say(end or "")

    def _describe_stack_events(self, StackName: str) -> Any:  # noqa: N803
        return {"StackEvents": list(self.events)}

    def _list_stack_resources(self, StackName: str) -> Any:  # noqa: N803
        summaries = [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": one["id"],
                "ResourceType": one["kind"],
                "ResourceStatus": one["status"],
            }
            for name, one in self.resources.items()
        ]
        return {"StackResourceSummaries": summaries}

    def _get_template(self, StackName: str, TemplateStage: str) -> Any:  # noqa: N803
        return {"TemplateBody": {}}

    def say(self, state: str) -> None:
        """Enter a state."""
        self.state = state
        self._note("run-ledger-x", "AWS::CloudFormation::Stack", STACK_ID, state)

    def _note(self, name: str, kind: str, physical: str, status: str, reason: str = "") -> None:
        event = {
            "StackId": STACK_ID,
            "EventId": str(len(self.events)),
            "LogicalResourceId": name,
            "ResourceType": kind,
            "PhysicalResourceId": physical,
            "ResourceStatus": status,
        }
        self.events.insert(0, {**event, **({"ResourceStatusReason": reason} if reason else {})})

    # --- change sets ---

    def _create_change_set(self, **given: Any) -> Any:
        creates = given["ChangeSetType"] == "CREATE"
        if creates and self.state not in {None, "REVIEW_IN_PROGRESS", "DELETE_COMPLETE"}:
            raise self._refuse("CreateChangeSet", f"Stack exists in state {self.state}.")
        if not creates and self.state not in UPDATABLE:
            raise self._refuse(
                "CreateChangeSet", f"is in {self.state} state and can not be updated."
            )
        if creates and self.state != "REVIEW_IN_PROGRESS":
            self.events, self.resources, self.parameters = [], {}, {}
            self.say("REVIEW_IN_PROGRESS")
        values = {
            one["ParameterKey"]: self.parameters[one["ParameterKey"]]
            if one.get("UsePreviousValue")
            else one["ParameterValue"]
            for one in given["Parameters"]
        }
        self._change_sets[given["ChangeSetName"]] = {
            "creates": creates,
            "parameters": values,
            "imports": given.get("ImportExistingResources", False),
        }
        return {"Id": given["ChangeSetName"]}

    def _describe_change_set(self, ChangeSetName: str) -> Any:  # noqa: N803
        wanted = self._change_sets[ChangeSetName]
        actions = {name: self._action(name, wanted) for name in self.template}
        if not any(actions.values()) and wanted["parameters"] == self.parameters:
            reason = "The submitted information didn't contain changes."
            return {"Status": "FAILED", "StatusReason": reason}
        changes = [
            {"LogicalResourceId": name, "ResourceType": self.template[name], "Action": action}
            for name, action in actions.items()
            if action
        ]
        return {
            "Status": "CREATE_COMPLETE",
            "Changes": [{"Type": "Resource", "ResourceChange": change} for change in changes],
        }

    def _action(self, name: str, wanted: dict[str, Any]) -> str:
        if name in self.resources:
            return ""
        is_there = self.template[name] == TABLE and self._name(name) in self.dynamodb.tables
        return "Import" if wanted["imports"] and is_there else "Add"

    def _delete_change_set(self, ChangeSetName: str) -> None:  # noqa: N803
        del self._change_sets[ChangeSetName]

    def _execute_change_set(self, ChangeSetName: str) -> None:  # noqa: N803
        wanted = self._change_sets.pop(ChangeSetName)
        before = dict(self.parameters)
        self.parameters = wanted["parameters"]
        self.say("CREATE_IN_PROGRESS" if wanted["creates"] else "UPDATE_IN_PROGRESS")
        made = []
        for name in self.template:
            if name in self.resources:
                self._protect(name)
            elif not self._make(name, imports=wanted["imports"]):
                if wanted["creates"]:
                    self.say("ROLLBACK_IN_PROGRESS")
                    self._roll_back_creation()
                else:
                    self.parameters = before
                    self._roll_back_update(made)
                return
            else:
                made.append(name)
        self.say("CREATE_COMPLETE" if wanted["creates"] else "UPDATE_COMPLETE")

    def _name(self, logical: str) -> str:
        return f"run-ledger-x-{logical.removesuffix('Table').lower()}"

    @property
    def _protects(self) -> bool:
        return self.parameters.get("DeletionProtection") == "true"

    def _protect(self, logical: str) -> None:
        one = self.resources[logical]
        if one["kind"] == TABLE:
            self.dynamodb.tables[one["id"]]["protected"] = self._protects
        if one["kind"] == POOL:
            self.cognito.pools[one["id"]]["protected"] = self._protects

    def _make(self, logical: str, *, imports: bool) -> bool:
        """Create a resource, or import it; return whether it is there."""
        kind = self.template[logical]
        physical = {TABLE: self._name(logical), BUCKET: SITE}.get(kind, logical.lower())
        if logical in self.failing:
            self._note(logical, kind, "", "CREATE_FAILED", "it can't be made")
            return False
        if kind == TABLE and physical in self.dynamodb.tables:
            if not imports:
                self._note(logical, kind, physical, "CREATE_FAILED", f"{physical} already exists")
                return False
            self._note(logical, kind, physical, "IMPORT_COMPLETE")
        else:
            if kind == POOL:
                physical = f"eu-central-1_{len(self.cognito.pools)}{len(self.events)}"
            self.put(kind, physical, protected=self._protects)
            reason = "Resource creation Initiated"
            self._note(logical, kind, physical, "CREATE_IN_PROGRESS", reason)
            self._note(logical, kind, physical, "CREATE_COMPLETE")
        self.resources[logical] = {"kind": kind, "id": physical, "status": "CREATE_COMPLETE"}
        return True

    def put(self, kind: str, physical: str, *, protected: bool) -> None:
        """Put a resource into the account."""
        if kind == TABLE:
            self.dynamodb.tables[physical] = {"protected": protected, "items": []}
        elif kind == POOL:
            self.cognito.pools[physical] = {"protected": protected, "users": []}
        elif kind == BUCKET:
            self.s3.buckets[physical] = []

    # --- ways back ---

    def _take_away(self, logical: str) -> bool:
        """Delete a resource as its handler does, which lifts no protection; return if it went."""
        one = self.resources[logical]
        protected = self.dynamodb.tables.get(one["id"], {}).get("protected")
        protected = protected or self.cognito.pools.get(one["id"], {}).get("protected")
        if (
            protected
            or logical in self.failing | self.failing_once
            or self.s3.buckets.get(one["id"])
        ):
            self.failing_once.discard(logical)
            one["status"] = "DELETE_FAILED"
            self._note(logical, one["kind"], one["id"], "DELETE_FAILED", "it can't be deleted")
            return False
        for there in (self.dynamodb.tables, self.cognito.pools, self.s3.buckets):
            there.pop(one["id"], None)  # type: ignore[attr-defined]
        self._note(logical, one["kind"], one["id"], "DELETE_COMPLETE")
        del self.resources[logical]
        return True

    def _roll_back_creation(self) -> None:
        imported = {
            one["LogicalResourceId"] for one in self.events if "IMPORT" in one["ResourceStatus"]
        }
        for name in imported & self.resources.keys():
            del self.resources[name]
        went = [self._take_away(name) for name in list(self.resources)]
        self.say("ROLLBACK_COMPLETE" if all(went) else "ROLLBACK_FAILED")

    def _roll_back_update(self, made: list[str]) -> None:
        self.say("UPDATE_ROLLBACK_IN_PROGRESS")
        self.say("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        for name in made:
            self._take_away(name)
            self.resources.pop(name, None)  # a failed clean-up is nobody's any more
        self.say("UPDATE_ROLLBACK_COMPLETE")

    def _rollback_stack(self, StackName: str) -> None:  # noqa: N803
        if self.state not in {"CREATE_FAILED", "UPDATE_FAILED"}:
            raise self._refuse("RollbackStack", f"RollbackStack is not taken in {self.state}.")
        self._roll_back_update([])

    def _continue_update_rollback(
        self,
        StackName: str,  # noqa: N803
        ResourcesToSkip: tuple[str, ...] = (),  # noqa: N803
    ) -> None:
        if self.state != "UPDATE_ROLLBACK_FAILED":
            raise self._refuse("ContinueUpdateRollback", f"not taken in {self.state}")
        failed = {name for name, one in self.resources.items() if one["status"] == "UPDATE_FAILED"}
        if not set(ResourcesToSkip) <= failed:
            raise self._refuse(
                "ContinueUpdateRollback", "only what is UPDATE_FAILED can be skipped"
            )
        self.say("UPDATE_ROLLBACK_IN_PROGRESS")
        for name in failed:
            if name in self.failing and name not in ResourcesToSkip:
                kind, physical = self.resources[name]["kind"], self.resources[name]["id"]
                self._note(name, kind, physical, "UPDATE_FAILED", "it can't be rolled back")
                self.say("UPDATE_ROLLBACK_FAILED")
                return
            self.resources[name]["status"] = "UPDATE_COMPLETE"
        self.say("UPDATE_ROLLBACK_COMPLETE")

    def _cancel_update_stack(self, StackName: str) -> None:  # noqa: N803
        if self.state != "UPDATE_IN_PROGRESS":
            raise self._refuse("CancelUpdateStack", f"can't be cancelled in {self.state}")
        self._roll_back_update([])

    def _delete_stack(self, StackName: str) -> None:  # noqa: N803
        if (
            self.state
            and self.state.endswith("_IN_PROGRESS")
            and self.state != "REVIEW_IN_PROGRESS"
        ):
            raise self._refuse("DeleteStack", f"can not be deleted while in status {self.state}")
        self.say("DELETE_IN_PROGRESS")
        self._delete_all()

    def _delete_all(self) -> None:
        went = []
        for name, one in list(self.resources.items()):
            if one["kind"] in {TABLE, POOL}:  # RetainExceptOnCreate keeps them
                self._note(name, one["kind"], one["id"], "DELETE_SKIPPED")
                del self.resources[name]
            else:
                went.append(self._take_away(name))
        self.say("DELETE_COMPLETE" if all(went) else "DELETE_FAILED")


class Account:
    """What a command knows of an account, with the stand-ins as its clients."""

    id, region, identity, is_aws = "123456789012", "eu-central-1", "arn:aws:iam::1:user/me", True

    def __init__(self) -> None:
        """Begin with nothing in it."""
        self.dynamodb, self.cognito, self.s3 = DynamoDb(), Cognito(), S3()
        self.cloudformation = CloudFormation(self.dynamodb, self.cognito, self.s3)

    def client(self, service: str) -> Any:
        """Give the client of a service."""
        clients: tuple[Service, ...] = (self.dynamodb, self.cognito, self.s3, self.cloudformation)
        return next(one for one in clients if one.name == service)

    def orphans(self) -> Iterator[str]:
        """Give what is there and does not belong to the stack."""
        own = {one["id"] for one in self.cloudformation.resources.values()}
        for there in (self.dynamodb.tables, self.cognito.pools, self.s3.buckets):
            yield from (name for name in there if name not in own)
