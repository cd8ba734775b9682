"""What CloudFormation takes from a bucket: bundles of code, and the template that names them."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying import remains
from run_ledger_ops.deploying.bundle import Bundle

_CODE_URI = re.compile(r"^(?P<before>\s*(?:-\s+)?CodeUri:\s*)(?P<folder>[^\s#]+)\s*$", re.MULTILINE)
_TEMPLATES, _BUNDLES = "template-", "bundle-"
_BUNDLE_KEY = re.compile(rf"{_BUNDLES}[0-9a-f]+\.zip")
_DAYS_AFTER_USE = 30
_KEPT_BUNDLES = 5
_REGION_WITHOUT_A_NAME = "us-east-1"  # buckets there must not say where they are


@dataclass(frozen=True)
class Bucket:
    """The bucket that artefacts lie in, of one account and region."""

    s3: Any
    name: str
    owner: str | None = None

    @property
    def expected(self) -> dict[str, str]:
        """Arguments with which S3 refuses a bucket of that name that another account owns."""
        return {} if self.owner is None else {"ExpectedBucketOwner": self.owner}

    def url(self, key: str) -> str:
        """Return an object's address as CloudFormation takes it."""
        return f"{self.s3.meta.endpoint_url}/{self.name}/{key}"


def bucket_name(account: str, region: str) -> str:
    """Return the name of an account's only bucket for artefacts in a region."""
    return f"run-ledger-artifacts-{account}-{region}"


def exists(bucket: Bucket) -> bool:
    """Return whether the bucket is there and ours; raise OpsError if it is somebody else's."""
    try:
        bucket.s3.head_bucket(Bucket=bucket.name, **bucket.expected)
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if code in {"404", "NoSuchBucket", "NotFound"}:
            return False
        if code in {"403", "AccessDenied", "Forbidden"}:
            message = (
                f"The bucket {bucket.name} is closed to you: it belongs to another account, or you "
                f"lack the right s3:ListBucket on arn:aws:s3:::{bucket.name}. Name one of your own "
                "with --artifacts-bucket."
            )
            raise OpsError(message) from error
        raise
    return True


def create(bucket: Bucket) -> None:
    """Create the bucket, private, encrypted, versioned, and open to TLS alone.

    One that can't be made so, as a right is missing or somebody stops, does not stay: the next
    deployment would take it for one that is.
    """
    region = bucket.s3.meta.region_name
    place = {} if region == _REGION_WITHOUT_A_NAME else {"LocationConstraint": region}
    try:
        bucket.s3.create_bucket(
            Bucket=bucket.name, **({"CreateBucketConfiguration": place} if place else {})
        )
    except bucket.s3.exceptions.BucketAlreadyOwnedByYou:
        return
    except bucket.s3.exceptions.BucketAlreadyExists as error:
        message = f"The name {bucket.name} is taken by another account: say --artifacts-bucket."
        raise OpsError(message) from error
    try:
        harden(bucket)
    except BaseException:
        with suppress(ClientError, BotoCoreError):
            bucket.s3.delete_bucket(Bucket=bucket.name, **bucket.expected)
        raise


def remove(bucket: Bucket) -> None:
    """Delete the bucket and all versions of all that is in it."""
    remains.empty_bucket(bucket.s3, bucket.name, lambda _: None)
    bucket.s3.delete_bucket(Bucket=bucket.name, **bucket.expected)


def limit_lifetime(bucket: Bucket) -> None:
    """Have S3 delete what nobody can need any more.

    CloudFormation keeps a copy of a template, so templates go after a month. Bundles have no such
    rule: a stage may go back, months later, to the one that it was deployed with. They go by
    `drop_bundles`, and then their earlier versions as those of all.
    """
    whole = {"Prefix": ""}
    rules = [
        {
            "ID": "earlier-versions",
            "Status": "Enabled",
            "Filter": whole,
            "NoncurrentVersionExpiration": {"NoncurrentDays": _DAYS_AFTER_USE},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        },
        {
            "ID": "templates",
            "Status": "Enabled",
            "Filter": {"Prefix": _TEMPLATES},
            "Expiration": {"Days": _DAYS_AFTER_USE},
        },
        {
            "ID": "marks-of-deletion",
            "Status": "Enabled",
            "Filter": whole,
            "Expiration": {"ExpiredObjectDeleteMarker": True},
        },
    ]
    bucket.s3.put_bucket_lifecycle_configuration(
        Bucket=bucket.name, **bucket.expected, LifecycleConfiguration={"Rules": rules}
    )


def drop_bundles(bucket: Bucket, used: Collection[str]) -> list[str]:
    """Delete all bundles but the newest few and those that *used* names; return their keys."""
    pages = bucket.s3.get_paginator("list_objects_v2")
    found = [
        one
        for page in pages.paginate(Bucket=bucket.name, Prefix=_BUNDLES, **bucket.expected)
        for one in page.get("Contents", ())
    ]
    found.sort(key=lambda one: one["LastModified"], reverse=True)
    old = [one["Key"] for one in found[_KEPT_BUNDLES:] if one["Key"] not in used]
    for key in old:
        bucket.s3.delete_object(Bucket=bucket.name, Key=key, **bucket.expected)
    return old


def bundles_in(template: str) -> set[str]:
    """Return the keys of the bundles that a template names."""
    return set(_BUNDLE_KEY.findall(template))


def harden(bucket: Bucket) -> None:
    """Close the bucket to the public, to plain HTTP, and to ownership by others."""
    s3, where = bucket.s3, {"Bucket": bucket.name, **bucket.expected}
    closed = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(**where, PublicAccessBlockConfiguration=dict.fromkeys(closed, True))
    s3.put_bucket_ownership_controls(
        **where, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    )
    encryption = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(**where, ServerSideEncryptionConfiguration={"Rules": [encryption]})
    s3.put_bucket_versioning(**where, VersioningConfiguration={"Status": "Enabled"})
    if s3.meta.endpoint_url.startswith("https:"):
        s3.put_bucket_policy(**where, Policy=json.dumps(_tls_only(bucket)))


def _tls_only(bucket: Bucket) -> dict[str, Any]:
    partition = bucket.s3.meta.partition
    arn = f"arn:{partition}:s3:::{bucket.name}"
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def upload_bundle(bucket: Bucket, bundle: Bundle) -> bool:
    """Upload a bundle if it is not there; return whether it was uploaded."""
    key = bundle_key(bundle)
    try:
        bucket.s3.head_object(Bucket=bucket.name, Key=key, **bucket.expected)
    except ClientError as error:
        if str(error.response["Error"]["Code"]) not in {"404", "NoSuchKey", "NotFound"}:
            raise
        arguments = bucket.expected or None
        bucket.s3.upload_file(str(bundle.path), bucket.name, key, ExtraArgs=arguments)
        return True
    return False


def upload_template(bucket: Bucket, template: str) -> str:
    """Upload a template and return its address."""
    key = f"{_TEMPLATES}{hashlib.sha256(template.encode()).hexdigest()[:20]}.yaml"
    bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=template.encode(), **bucket.expected)
    return bucket.url(key)


def code_folders(template: str, folder: Path) -> dict[str, Path]:
    """Return the template's code folders, as in ``{"../backend/": Path("/repo/backend")}``."""
    return {
        match["folder"]: (folder / match["folder"]).resolve()
        for match in _CODE_URI.finditer(template)
    }


def put_code_in_place(template: str, bundles: Mapping[str, Bundle], bucket: str) -> str:
    """Replace each code folder of the template by the address of its bundle."""
    return _CODE_URI.sub(
        lambda match: f"{match['before']}s3://{bucket}/{bundle_key(bundles[match['folder']])}",
        template,
    )


def bundle_key(bundle: Bundle) -> str:
    """Return the key of a bundle, which names its content."""
    return f"{_BUNDLES}{bundle.digest}.zip"
