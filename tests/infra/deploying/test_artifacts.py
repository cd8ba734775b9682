"""The bucket of artefacts keeps what a stage may go back to, and nothing for ever."""

from __future__ import annotations

import datetime as dt
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from run_ledger_ops.deploying import artifacts
from run_ledger_ops.deploying.artifacts import Bucket

NOW = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)


def stubbed() -> tuple[Stubber, Bucket]:
    """Return a stub of S3 and the bucket that asks it."""
    session = botocore.session.Session()
    s3 = session.create_client(
        "s3", "eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    return Stubber(s3), Bucket(s3, "b", "123456789012")


def test_what_nobody_can_need_any_more_goes() -> None:
    """Templates go after a month, as CloudFormation has copies; bundles never by their age.

    A failed update goes back to the bundle of the stack as it was, however old that is. The rules
    are of the form that "PutBucketLifecycleConfiguration" of S3's API reference has.
    """
    stub, bucket = stubbed()
    given: dict[str, Any] = {}
    stub.add_response("put_bucket_lifecycle_configuration", {})
    bucket.s3.meta.events.register(
        "provide-client-params.s3.PutBucketLifecycleConfiguration",
        lambda params, **_: given.update(params),
    )
    with stub:
        artifacts.limit_lifetime(bucket)
    rules = {one["ID"]: one for one in given["LifecycleConfiguration"]["Rules"]}
    assert given["ExpectedBucketOwner"] == "123456789012"
    assert rules["templates"]["Filter"] == {"Prefix": "template-"}
    assert rules["templates"]["Expiration"] == {"Days": 30}
    days = [one["ID"] for one in rules.values() if "Days" in one.get("Expiration", {})]
    assert days == ["templates"]
    assert rules["earlier-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_bundles_go_that_no_stage_names() -> None:
    """But for the newest five, so that the last versions can be deployed again quickly."""
    stub, bucket = stubbed()
    keys = [f"bundle-{number:020x}.zip" for number in range(9)]
    contents = [
        {"Key": key, "LastModified": NOW - dt.timedelta(days=age)} for age, key in enumerate(keys)
    ]
    owner = {"ExpectedBucketOwner": "123456789012"}
    listed = {"Bucket": "b", "Prefix": "bundle-", **owner}
    stub.add_response("list_objects_v2", {"Contents": contents}, listed)
    for key in (keys[5], keys[6], keys[8]):
        stub.add_response("delete_object", {}, {"Bucket": "b", "Key": key, **owner})
    used = artifacts.bundles_in(f"CodeUri: s3://b/{keys[7]}\nS3Key: {keys[1]}")
    assert used == {keys[7], keys[1]}
    with stub:
        assert artifacts.drop_bundles(bucket, used) == [keys[5], keys[6], keys[8]]
        stub.assert_no_pending_responses()


def test_a_bucket_that_can_not_be_closed_does_not_stay() -> None:
    """Else the next deployment would find it there, and take it for one that is closed."""
    stub, bucket = stubbed()
    stub.add_response("create_bucket", {})
    stub.add_client_error("put_public_access_block", "AccessDenied")
    stub.add_response("delete_bucket", {}, {"Bucket": "b", "ExpectedBucketOwner": "123456789012"})
    with stub, pytest.raises(ClientError, match="AccessDenied"):
        artifacts.create(bucket)
    stub.assert_no_pending_responses()
