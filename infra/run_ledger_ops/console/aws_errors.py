"""What went wrong with AWS, in words that say what to do: sign in, ask for a right, or try again.

=================  ============================================  ==================================
trouble            known by                                      what is said
=================  ============================================  ==================================
sign-in            botocore finds no credentials, or can't       the command that signs in
                   renew them; AWS knows or takes them no more
a missing right    a refusal such as AccessDenied                who lacks which action on what
network            no connection, no answer in time              that AWS can't be reached
anything else      –                                             AWS's own words
=================  ============================================  ==================================
"""

import os
import re
from typing import NamedTuple

from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError

_NETWORK = (aws.ConnectionError, aws.HTTPClientError)
_SIGN_IN = "sign in by `aws login` or `aws sso login`, or set AWS_PROFILE"
# The first kind that fits counts: some are kinds of a later one.
_SIGN_IN_TROUBLE: tuple[tuple[tuple[type[BotoCoreError], ...], str], ...] = (
    (
        (aws.NoCredentialsError, aws.NoAuthTokenError),
        "no AWS credentials were found: {sign_in}",
    ),
    (
        (aws.ProfileNotFound,),
        "{error}: look at AWS_PROFILE and `aws configure list-profiles`",
    ),
    (
        (aws.PartialCredentialsError,),
        "{error}: set it, too, or {sign_in}",
    ),
    (
        (aws.SSOError, aws.TokenRetrievalError),
        "your AWS sign-in has ended ({error}): sign in again by `aws sso login{profile}`",
    ),
    (
        (aws.LoginInsufficientPermissions,),
        "`aws login` gave no credentials: {error}",
    ),
    (
        (aws.LoginError,),
        "your AWS sign-in has ended ({error}): sign in again by `aws login{profile}`",
    ),
    (
        (aws.MissingDependencyException,),
        'credentials of `aws login` need a package: pip install "botocore[crt]"',
    ),
    (
        (aws.RefreshWithMFAUnsupportedError,),
        "your AWS credentials have expired and need a second factor: {sign_in}",
    ),
    (
        (aws.CredentialRetrievalError, aws.MetadataRetrievalError),
        "no AWS credentials can be had ({error}): {sign_in}",
    ),
    (
        (aws.UnknownCredentialError, aws.UnknownTokenProviderError),
        "no AWS credentials can be had ({error}): look at the profile in ~/.aws/config",
    ),
    (
        (aws.ConfigParseError, aws.ConfigNotFound, aws.InvalidConfigError),
        "your AWS files can't be read ({error}): look at ~/.aws/config",
    ),
)
_ENDED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN = {
    *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"),
    *("InvalidToken", "SignatureDoesNotMatch", "InvalidSignatureException"),
}
_NOT_ALLOWED = {
    *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"),
    *("UnauthorizedException", "AuthorizationErrorException", "403", "Forbidden"),
}
_RIGHT = re.compile(
    r"(?P<who>arn:[^\s:]*:(?:iam|sts)::\S+) is not authorized to perform: "
    r"(?P<action>[a-z0-9-]+:\w+)(?: on resource: (?P<resource>\S+))?"
    r"(?P<because> because .*)?"
)
# S3 refuses some calls without words, and its rights are not named as its calls are.
_RIGHTS_OF_S3 = {
    "CreateBucket": "s3:CreateBucket",
    "DeleteBucket": "s3:DeleteBucket",
    "DeleteObject": "s3:DeleteObject",
    "DeleteObjects": "s3:DeleteObject and s3:DeleteObjectVersion",
    "GetObject": "s3:GetObject",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject and s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListObjectsV2": "s3:ListBucket",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "PutBucketPolicy": "s3:PutBucketPolicy",
    "PutBucketTagging": "s3:PutBucketTagging",
    "PutBucketVersioning": "s3:PutBucketVersioning",
    "PutObject": "s3:PutObject",
    "PutPublicAccessBlock": "s3:PutBucketPublicAccessBlock",
}


class MissingRight(NamedTuple):
    """A right that somebody lacks; ``resource`` is None where AWS names none."""

    who: str
    action: str
    resource: str | None

    def __str__(self) -> str:
        """Return it as part of a sentence."""
        where = f" on {self.resource}" if self.resource else ""
        return f"{self.who} lacks the right {self.action}{where}"


def missing_rights(text: str) -> list[MissingRight]:
    """Return each right that AWS's words in *text* name as missing, once, in their order."""
    found = (
        MissingRight(one["who"], one["action"], one["resource"]) for one in _RIGHT.finditer(text)
    )
    return list(dict.fromkeys(found))


def explain(error: ClientError | BotoCoreError) -> str:
    """Return a sentence without its full stop: what is wrong, and what helps."""
    if isinstance(error, ClientError):
        return _refusal(error)
    if isinstance(error, _NETWORK):
        return f"AWS can't be reached: {error}"
    return _sign_in_trouble(error) or f"AWS was not asked: {error}"


def words_of(error: ClientError | BotoCoreError) -> str:
    """Return the message of an exception from AWS, without botocore's own words around it."""
    trouble = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
    return str(trouble.get("Message") or trouble.get("Code") or error)


def _refusal(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    words = words_of(error)
    if code in _ENDED:
        return f"your AWS credentials have expired: {_SIGN_IN}"
    if code in _UNKNOWN:
        return (
            f"AWS does not take your credentials ({words}): {_SIGN_IN}; if they are right, look "
            "at this machine's clock"
        )
    rights = missing_rights(words)
    if rights:
        because = _RIGHT.search(words)
        reason = (because["because"] or "").rstrip(".") if because else ""
        return f"{rights[0]}{reason}"
    if code in _NOT_ALLOWED and error.operation_name in _RIGHTS_OF_S3:
        right = _RIGHTS_OF_S3[error.operation_name]
        return f"AWS refused {error.operation_name}: your credentials lack the right {right}"
    if code in _NOT_ALLOWED:
        name = error.operation_name
        return f"AWS refused {name}, for which your credentials lack the right: {words}"
    return f"AWS refused {error.operation_name}: {words}"


def _sign_in_trouble(error: BotoCoreError) -> str | None:
    """Return what to do about credentials that can't be had; None for any other trouble."""
    profile = os.environ.get("AWS_PROFILE")
    with_profile = f" --profile {profile}" if profile else ""
    for kinds, words in _SIGN_IN_TROUBLE:
        if isinstance(error, kinds):
            return words.format(error=error, sign_in=_SIGN_IN, profile=with_profile)
    return None
