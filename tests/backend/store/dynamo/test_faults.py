"""Which errors are worth another try, and which are said at once."""

from __future__ import annotations

import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError

from run_ledger.store.dynamo.faults import Fault, fault

URL = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ReadTimeoutError(endpoint_url=URL),
        exceptions.ConnectTimeoutError(endpoint_url=URL),
        exceptions.EndpointConnectionError(endpoint_url=URL),
        exceptions.ConnectionClosedError(endpoint_url=URL),
        exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2),
    ],
)
def test_trouble_on_the_line_is_tried_again(error: BotoCoreError) -> None:
    """A connection that fails may succeed a moment later."""
    assert fault(error) is Fault.PASSING


@pytest.mark.parametrize(
    "error",
    [exceptions.NoCredentialsError(), exceptions.ParamValidationError(report="no such member")],
)
def test_what_no_retry_can_mend_is_said_at_once(error: BotoCoreError) -> None:
    """A missing credential or a malformed call must not hide behind "no time left"."""
    assert fault(error) is Fault.FATAL
