"""What is wrong with AWS is said by its kind, from botocore's real exceptions.

Messages of refusals are those that the "Troubleshoot access denied error messages" page of the IAM
User Guide documents; the codes are those of "Common error types" in the services' API references.
"""

from __future__ import annotations

import botocore.compat
import pytest
from botocore import exceptions as aws
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.console.aws_errors import explain, missing_rights
from run_ledger_ops.console.terminal import answer

ROLE = "arn:aws:sts::123456789012:assumed-role/deployer/ann"
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/run-ledger-prod-jobs"
URL = "https://sts.eu-central-1.amazonaws.com/"
NOT_ALLOWED = (
    f"User: {ROLE} is not authorized to perform: dynamodb:CreateTable on resource: {TABLE} "
    "because no identity-based policy allows the dynamodb:CreateTable action"
)
NO_SIGN_IN = "sign in by `aws login` or `aws sso login`, or set AWS_PROFILE"


def refused(code: str, message: str = "", call: str = "CreateChangeSet") -> ClientError:
    """Return the exception that botocore makes of a refusal."""
    return ClientError({"Error": {"Code": code, "Message": message}}, call)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (aws.NoCredentialsError(), f"no AWS credentials were found: {NO_SIGN_IN}"),
        (aws.NoAuthTokenError(), NO_SIGN_IN),
        (
            aws.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
            "missing: AWS_SECRET_ACCESS_KEY: set it, too",
        ),
        (aws.ProfileNotFound(profile="agency"), "(agency) could not be found: look at AWS_PROFILE"),
        (aws.UnauthorizedSSOTokenError(), "by `aws sso login`"),
        (aws.SSOTokenLoadError(error_msg="there is none"), "by `aws sso login`"),
        (
            aws.TokenRetrievalError(provider="sso", error_msg="Token has expired"),
            "by `aws sso login`",
        ),
        (aws.LoginRefreshRequired(), "sign in again by `aws login`"),
        (aws.LoginTokenLoadError(error_msg="there is none"), "sign in again by `aws login`"),
        (aws.LoginAuthorizationCodeError(error_msg="used"), "sign in again by `aws login`"),
        (aws.LoginInsufficientPermissions(), "missing permission"),
        (aws.MissingDependencyException(msg="crt"), 'pip install "botocore[crt]"'),
        (
            aws.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
            f"custom-process: exit 1): {NO_SIGN_IN}",
        ),
        (aws.MetadataRetrievalError(error_msg="no role"), NO_SIGN_IN),
        (aws.RefreshWithMFAUnsupportedError(), "need a second factor"),
        (aws.UnknownCredentialError(name="ours"), "~/.aws/config"),
        (aws.ConfigParseError(path=".aws/config"), "~/.aws/config"),
        (
            aws.InfiniteLoopConfigError(source_profile="a", visited_profiles=["a"]),
            "~/.aws/config",
        ),
        (
            refused("ExpiredToken", "The security token included in the request is expired"),
            "expire",
        ),
        (refused("ExpiredTokenException"), f"have expired: {NO_SIGN_IN}"),
        (refused("InvalidClientTokenId", "The security token is invalid"), "does not take your"),
        (refused("UnrecognizedClientException", "invalid"), "does not take your credentials"),
        (refused("SignatureDoesNotMatch", "no match"), "this machine's clock"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_who_is_not_signed_in_is_told_how(error: ClientError | BotoCoreError, words: str) -> None:
    """Each way to be without credentials names what mends it, and never blames the network."""
    said = explain(error)
    assert words in said
    assert "can't be reached" not in said


@pytest.mark.parametrize(
    "error",
    [
        aws.EndpointConnectionError(endpoint_url=URL),
        aws.ConnectTimeoutError(endpoint_url=URL),
        aws.ReadTimeoutError(endpoint_url=URL),
        aws.ConnectionClosedError(endpoint_url=URL),
        aws.ProxyConnectionError(proxy_url="http://proxy.example"),
        aws.SSLError(endpoint_url=URL, error="certificate verify failed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_only_networks_can_t_be_reached(error: BotoCoreError) -> None:
    """These are what botocore raises where no answer came."""
    assert explain(error).startswith("AWS can't be reached: ")


def test_what_is_neither_is_told_in_botocore_s_words() -> None:
    """A call that botocore itself finds wrong has never left."""
    said = explain(aws.ParamValidationError(report="Unknown parameter"))
    assert said.startswith("AWS was not asked: ")
    assert "Unknown parameter" in said


def test_the_profile_is_named_in_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command can be copied as it stands."""
    monkeypatch.setenv("AWS_PROFILE", "agency")
    assert "`aws sso login --profile agency`" in explain(aws.UnauthorizedSSOTokenError())
    assert "`aws login --profile agency`" in explain(aws.LoginRefreshRequired())


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            refused("AccessDenied", NOT_ALLOWED),
            f"{ROLE} lacks the right dynamodb:CreateTable on {TABLE} because no identity-based",
        ),
        (
            refused(
                "AccessDeniedException",
                f"User: {ROLE} is not authorized to perform: cognito-idp:ListUserPools on "
                "resource: * with an explicit deny in a service control policy",
            ),
            f"{ROLE} lacks the right cognito-idp:ListUserPools on *",
        ),
        (
            refused("AccessDenied", f"User: {ROLE} is not authorized to perform: iam:CreateRole"),
            f"{ROLE} lacks the right iam:CreateRole",
        ),
        (refused("403", "Forbidden", "HeadBucket"), "lack the right s3:ListBucket"),
        (
            refused("AccessDenied", "Access Denied", "PutBucketEncryption"),
            "lack the right s3:PutEncryptionConfiguration",
        ),
        (
            refused("AccessDeniedException", "denied", "GetFunction"),
            "AWS refused GetFunction, for which your credentials lack the right: denied",
        ),
    ],
)
def test_a_missing_right_is_named(error: ClientError, words: str) -> None:
    """Whoever gives rights learns which action on which resource."""
    assert words in explain(error)


def test_missing_rights_are_found_in_a_stack_s_reasons() -> None:
    """CloudFormation passes on what the services have refused; each right is named once."""
    reasons = f"Jobs (AWS::DynamoDB::Table): {NOT_ALLOWED}\nRows: {NOT_ALLOWED}"
    (right,) = missing_rights(reasons)
    assert str(right) == f"{ROLE} lacks the right dynamodb:CreateTable on {TABLE}"
    assert missing_rights("The bucket is there already.") == []


def test_every_command_ends_with_that_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """Commands share what they do about exceptions."""

    def work() -> int:
        raise aws.UnauthorizedSSOTokenError

    assert answer("users", work) == 2
    said = capsys.readouterr().err
    assert said.startswith("run-ledger users: your AWS sign-in has ended")
    assert said.endswith("by `aws sso login`.\n")


def test_credentials_of_aws_login_can_be_used() -> None:
    """`aws login` signs with keys that botocore can use only with its crt extra."""
    assert botocore.compat.HAS_CRT
