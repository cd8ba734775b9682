"""What deploying is made of: parameters, plans, answers, states, and the order of an upload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.stacks.templates import ROOT

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying import (
    artifacts,
    plans,
    preflight,
    saved_answers,
    site,
    stacks,
    states,
)
from run_ledger_ops.deploying import template as templates
from run_ledger_ops.deploying.artifacts import Bucket
from run_ledger_ops.deploying.saved_answers import SavedAnswers

TEMPLATE = templates.read(ROOT / "infra" / "template.yaml")


# --- parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("LogLevel", "LOUD", "LogLevel is one of DEBUG, INFO, WARNING, ERROR, not 'LOUD'"),
        ("EntryTtlDays", "3", "EntryTtlDays is a whole number from 90 to 3650, not '3'"),
        ("EntryTtlDays", "9999", "EntryTtlDays is a whole number from 90 to 3650, not '9999'"),
        ("ApiBurst", "0", "ApiBurst is a whole number of at least 1, not '0'"),
        ("ApiBurst", "ten", "ApiBurst is a whole number of at least 1, not 'ten'"),
        ("SiteCallbackUrl", "http://x.example/", "SiteCallbackUrl is an https origin"),
        ("NoSuch", "1", "There is no parameter NoSuch: there are Stage, LogLevel"),
    ],
)
def test_wrong_parameter_is_told(name: str, value: str, complaint: str) -> None:
    """The complaint names the parameter and what is allowed."""
    with pytest.raises(OpsError, match=complaint):
        TEMPLATE.check({name: value})


@pytest.mark.parametrize("name", ["aws", "lawson2aws", "amazon", "mycognito"])
def test_stage_that_cognito_refuses_is_told(name: str) -> None:
    """The host of the sign-in pages has the stage in it, and may hold none of these words."""
    with pytest.raises(OpsError, match="without the words aws, amazon and cognito"):
        preflight.check_stage(name, TEMPLATE)
    preflight.check_stage("saw", TEMPLATE)


def test_usual_values_are_right() -> None:
    """Every default is a value that the parameter may have."""
    usual = {name: one.default or "" for name, one in TEMPLATE.parameters.items()}
    TEMPLATE.check(usual)
    TEMPLATE.check({"ApiBurst": "100000", "SiteCallbackUrl": "http://localhost:8080/"})


def test_missing_template_is_told(tmp_path: Path) -> None:
    """An installed command without a checkout has none."""
    with pytest.raises(OpsError, match="deploy from a checkout"):
        templates.read(tmp_path / "template.yaml")


# --- plans ----------------------------------------------------------------------------------------


def change(action: str, name: str, kind: str = "SQS::Queue", **fields: Any) -> dict[str, Any]:
    """Return a change as CloudFormation tells it."""
    details = [
        {"Target": {"Attribute": "Properties", "Name": what}, "Evaluation": evaluation}
        for what, evaluation in fields.pop("details", ())
    ]
    said = {"Action": action, "LogicalResourceId": name, "ResourceType": f"AWS::{kind}"}
    return {"Type": "Resource", "ResourceChange": {**said, "Details": details, **fields}}


def test_plan_is_in_plain_words() -> None:
    """What is lost comes first; what only follows from another change comes last."""
    words = plans.in_words(
        [
            change("Modify", "Alias", details=[("FunctionVersion", "Dynamic")]),
            change("Modify", "Queue", details=[("DelaySeconds", "Static")], Replacement="True"),
            change("Add", "New"),
            change("Remove", "Jobs", "DynamoDB::Table"),
            change(
                "Modify",
                "Sum",
                "DynamoDB::Table",
                details=[("Keys", "Static")],
                Replacement="True",
            ),
        ]
    )
    assert words == [
        "1 to remove, 1 to make, 2 to change, 1 that may follow:",
        "  remove    Jobs (DynamoDB::Table) - it stays, but no longer belongs to the stack",
        "  make      New (SQS::Queue)",
        "  change    Queue (SQS::Queue): DelaySeconds - made anew",
        "  change    Sum (DynamoDB::Table): Keys - made anew; ITS DATA STAYS BEHIND IN THE OLD ONE",
        "  follow    Alias (SQS::Queue): FunctionVersion",
    ]
    assert plans.in_words([]) == ["Nothing changes but outputs."]


def with_indexes(**indexes: list[str]) -> dict[str, dict[str, Any]]:
    """Return a table's properties with these indexes and what they hold."""
    return {
        "Jobs": {
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": name,
                    "KeySchema": [{"AttributeName": "ck", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": held},
                }
                for name, held in indexes.items()
            ]
        }
    }


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"a": ["x"], "b": ["y"]}, []),
        ({"a": ["x"], "b": ["y"], "c": []}, []),
        ({"a": ["x"]}, []),
        ({"b": ["y"], "c": []}, ["Jobs: adds c; removes a"]),
        ({"a": ["x"], "b": ["y"], "c": [], "d": []}, ["Jobs: adds c, d"]),
        ({"a": ["x", "z"], "b": ["y"]}, ["Jobs: alters a"]),
    ],
)
def test_more_than_one_index_at_once_is_told(wanted: dict[str, list[str]], told: list[str]) -> None:
    """CloudFormation would refuse it half way through; new tables have as many as they like."""
    present = with_indexes(a=["x"], b=["y"])
    assert plans.index_trouble(with_indexes(**wanted), present) == told
    assert plans.index_trouble(with_indexes(**wanted), {}) == []


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shards", "before", "writers", "told"),
    [
        (8, 0, 8, None),
        (32, 8, 32, None),
        (32, 32, 8, None),
        (8, 32, 8, "RollupShards was 32 and can't be lowered to 8"),
        (8, 8, 20, "Raise RollupShards to 20"),
    ],
)
def test_shards_are_never_lowered(shards: int, before: int, writers: int, told: str | None) -> None:
    """Totals in the shards beyond would be lost; and writers need one each."""
    found = plans.shard_trouble(shards, before, writers)
    assert found is None if told is None else told in str(found)


def test_answers_are_remembered(tmp_path: Path) -> None:
    """What was saved is read again, for each stage by itself."""
    path = tmp_path / "run-ledger.toml"
    assert saved_answers.load(path) == {}
    stages = {
        "prod": SavedAnswers("eu-west-1", "my-bucket", {"LogLevel": "INFO", "SiteCallbackUrl": ""}),
        "test": SavedAnswers(None, None, {}),
    }
    saved_answers.save(path, stages)
    assert saved_answers.load(path) == stages


def test_answers_that_can_not_be_kept_are_told(tmp_path: Path) -> None:
    """The folder may be gone, or somebody else's."""
    with pytest.raises(OpsError, match="can't be written: No such file"):
        saved_answers.save(tmp_path / "gone" / "run-ledger.toml", {})


def test_answers_may_be_written_by_hand(tmp_path: Path) -> None:
    """Numbers and truth values are taken as CloudFormation writes them."""
    path = tmp_path / "run-ledger.toml"
    path.write_text("[prod.parameters]\nEntryTtlDays = 120\nTlsOnly = true\n")
    assert saved_answers.load(path)["prod"].parameters == {"EntryTtlDays": "120", "TlsOnly": "true"}


@pytest.mark.parametrize("text", ["[prod", "[prod]\nregio = 'x'", "prod = 1", "[prod]\nregion = 1"])
def test_answers_that_say_something_else_are_refused(tmp_path: Path, text: str) -> None:
    """A slip of the pen is told, with the file's name."""
    path = tmp_path / "run-ledger.toml"
    path.write_text(text)
    with pytest.raises(OpsError, match=r"run-ledger\.toml"):
        saved_answers.load(path)


# --- states and reasons ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("UPDATE_ROLLBACK_FAILED", "without --plan, which first takes the update back"),
        ("UPDATE_IN_PROGRESS", "without --plan, which waits"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "without --plan, which waits"),
        ("DELETE_FAILED", "without --plan, which deletes it first"),
        ("IMPORT_ROLLBACK_FAILED", "`run-ledger destroy --stage x`, which keeps"),
        ("A_STATE_OF_TOMORROW", "`run-ledger destroy --stage x`, which keeps"),
    ],
)
def test_stuck_state_is_explained(state: str, words: str) -> None:
    """The sentence names the stack, its state, and a command."""
    told = states.explain("run-ledger-x", "x", state)
    assert told.startswith(f"The stack run-ledger-x is {state}: ")
    assert words in told


def test_reasons_leave_out_what_only_followed() -> None:
    """The first failure is what the others follow from."""
    events = [
        {"LogicalResourceId": name, "ResourceType": "AWS::SQS::Queue", **rest}
        for name, rest in (
            ("A", {"ResourceStatus": "CREATE_COMPLETE"}),
            ("B", {"ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": "too long"}),
            (
                "C",
                {
                    "ResourceStatus": "CREATE_FAILED",
                    "ResourceStatusReason": "Resource creation cancelled",
                },
            ),
        )
    ]
    assert stacks.reasons(events) == ["B (AWS::SQS::Queue): too long"]


# --- artefacts and site ---------------------------------------------------------------------------


class Storage:
    """An S3 that notes what it is told, with some objects in it."""

    def __init__(self, url: str = "https://s3.eu-west-1.amazonaws.com", **there: Any) -> None:
        """Hold *there*: what HEAD says of each object."""
        self.calls: list[tuple[str, Any]] = []
        self.there = there
        self.meta = type("Meta", (), {})()
        self.meta.endpoint_url, self.meta.region_name, self.meta.partition = url, "eu-west-1", "aws"
        self.exceptions = type(
            "Exceptions",
            (),
            {"BucketAlreadyOwnedByYou": KeyError, "BucketAlreadyExists": IndexError},
        )

    def get_paginator(self, _: str) -> Storage:
        """List objects."""
        return self

    def paginate(self, Bucket: str) -> list[dict[str, Any]]:  # noqa: N803 - AWS's names
        """Give one page."""
        return [{"Contents": [{"Key": key} for key in self.there]}]

    def head_object(self, Bucket: str, Key: str) -> Any:  # noqa: N803
        """Tell of an object."""
        return self.there[Key]

    def head_bucket(self, **_: str) -> None:
        """Refuse."""
        raise ClientError({"Error": {"Code": "403"}}, "HeadBucket")

    def __getattr__(self, name: str) -> Any:
        """Note a call."""
        return lambda **given: self.calls.append((name, given))


def test_page_comes_last_and_what_is_gone_goes_after_it(tmp_path: Path) -> None:
    """At no moment does the page name a file that isn't there; what is the same is left alone."""
    for name in ("index.html", "a.js", "z.css", "same.js"):
        (tmp_path / name).write_text(name)
    same = next(one for one in site.site_objects(tmp_path, {}) if one.key == "same.js").headers
    s3 = Storage(**{"same.js": same, "old.js": {}})
    done = site.upload(s3, "bucket", site.site_objects(tmp_path, {}))
    keys = [(call, given["Key"]) for call, given in s3.calls]
    assert sorted(keys[:3]) == [
        ("put_object", "a.js"),
        ("put_object", "config.json"),
        ("put_object", "z.css"),
    ]
    assert keys[3:] == [("put_object", "index.html"), ("delete_object", "old.js")]
    assert (len(done.written), done.removed, done.changed) == (4, ("old.js",), True)
    assert {given["CacheControl"] for call, given in s3.calls if call == "put_object"} == {
        "no-cache"
    }


def test_bucket_for_artefacts_is_closed() -> None:
    """Private, encrypted, versioned, owned, and open to TLS alone where there is TLS."""
    s3 = Storage()
    artifacts.create(Bucket(s3, "b", "1234"))
    calls = dict(s3.calls)
    assert calls["create_bucket"]["CreateBucketConfiguration"] == {
        "LocationConstraint": "eu-west-1"
    }
    assert set(calls) == {
        "create_bucket",
        "put_public_access_block",
        "put_bucket_ownership_controls",
        "put_bucket_encryption",
        "put_bucket_versioning",
        "put_bucket_policy",
    }
    assert '"aws:SecureTransport": "false"' in calls["put_bucket_policy"]["Policy"]
    assert {given.get("ExpectedBucketOwner") for _, given in s3.calls[1:]} == {"1234"}
    plain = Storage("http://127.0.0.1:4566")
    artifacts.create(Bucket(plain, "b"))
    assert "put_bucket_policy" not in dict(plain.calls)


def test_somebody_elses_bucket_is_refused() -> None:
    """Code is not put where others could change it."""
    with pytest.raises(OpsError, match="--artifacts-bucket"):
        artifacts.exists(Bucket(Storage(), "b", "1234"))


def test_config_is_made_of_outputs() -> None:
    """The site finds its sign-in pages and its API on its own origin."""
    outputs = {"UserPoolDomain": "x.auth.example", "SiteClientId": "c", "Scope": "run-ledger/read"}
    assert site.config_of(outputs, "prod") == {
        "api_base": "/api",
        "authorize_url": "https://x.auth.example/oauth2/authorize",
        "token_url": "https://x.auth.example/oauth2/token",
        "logout_url": "https://x.auth.example/logout",
        "revoke_url": "https://x.auth.example/oauth2/revoke",
        "client_id": "c",
        "scope": "openid email run-ledger/read",
        "stage": "prod",
        "demo": False,
    }


@pytest.mark.parametrize("missing", [(), ("IntakeUrl",), ("ActsQueueUrl",)])
def test_config_says_how_people_act_where_they_do(missing: tuple[str, ...]) -> None:
    """A stage takes acts that tells and has an intake; only there is the scope asked for."""
    outputs = {
        "UserPoolDomain": "x.auth.example",
        "SiteClientId": "c",
        "Scope": "run-ledger/read",
        "ActScope": "run-ledger/act",
        "IntakeUrl": "https://intake.example/intake",
        "ActsQueueUrl": "https://sqs.example/acts",
    }
    config = site.config_of({k: v for k, v in outputs.items() if k not in missing}, "prod")
    said = None if missing else ("run-ledger/act", "/intake")
    assert (
        None if "act_scope" not in config else (config["act_scope"], config["intake_base"])
    ) == said
    assert config["scope"] == "openid email run-ledger/read"
