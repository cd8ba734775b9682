"""What the sign-in pages are asked for and the API of the local AWS answers in their place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from run_ledger_ops.local.edge.renewal import (
    RENEWAL_HEADERS,
    TOKEN_PATH,
    renewal_answer,
    renewal_request,
)
from run_ledger_ops.local.edge.revocation import (
    REVOCATION_HEADERS,
    REVOKE_PATH,
    revocation_answer,
    revocation_request,
)


@dataclass(frozen=True)
class SignInCall:
    """A request to the API of the local AWS, and what makes the sign-in pages' answer of its."""

    body: bytes
    headers: Mapping[str, str]
    read: Callable[[int, bytes], tuple[int, bytes]]


def sign_in_call(method: str, target: str, body: bytes, authorization: str) -> SignInCall | None:
    """Return what the API of the local AWS is asked for, None where the pages themselves answer."""
    if (method, target) == ("POST", TOKEN_PATH):
        renewal = renewal_request(body)
        return SignInCall(renewal, RENEWAL_HEADERS, renewal_answer) if renewal else None
    if (method, target) == ("POST", REVOKE_PATH):
        request = revocation_request(body, authorization)
        return SignInCall(request, REVOCATION_HEADERS, revocation_answer) if request else None
    return None
