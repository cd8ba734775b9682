"""The things behind the one origin, and who may ask them for what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from run_ledger_ops.local.edge.headers import Upstream, is_inner, is_signed
from run_ledger_ops.local.edge.outbox_page import OutboxPage

# Of a sign-in path the local AWS knows these methods; it takes others for calls of AWS.
SIGN_IN_METHODS: Mapping[str, frozenset[str]] = {
    "/oauth2/authorize": frozenset({"GET"}),
    "/oauth2/token": frozenset({"POST"}),
    "/oauth2/revoke": frozenset({"POST"}),
    "/oauth2/userInfo": frozenset({"GET", "POST"}),
    "/login": frozenset({"POST"}),
    "/logout": frozenset({"GET"}),
}
_SITE_METHODS = frozenset({"GET", "HEAD"})

# The local sign-in page names no icon, so browsers ask for this one; the site has another.
_DEFAULT_ICON, _SITE_ICON = "/favicon.ico", "/logo.svg"


@dataclass(frozen=True)
class Refusal:
    """Why a request goes nowhere."""

    status: HTTPStatus
    sentence: str
    headers: Mapping[str, str] = field(default_factory=dict)


_NOTHING_HERE = Refusal(HTTPStatus.NOT_FOUND, "There is nothing here.")
_NO_TARGET = Refusal(HTTPStatus.BAD_REQUEST, "The target of a request begins with a slash.")
_AWS_CALL = Refusal(HTTPStatus.FORBIDDEN, "Calls of AWS are not taken here.")


@dataclass(frozen=True)
class Routes:
    """The things behind the one origin: the site, four APIs, and the sign-in."""

    cloud_port: int
    api_id: str
    api_stage: str
    distribution_domain: str
    site_paths: frozenset[str] = frozenset()
    """The paths of the site's files. The local AWS takes some others for calls of AWS."""
    api_headers: Mapping[str, str] = field(default_factory=dict)
    api_compressed_from: int | None = None
    """What API Gateway compresses: answers of so many bytes at least. The local one does not."""
    intake_id: str = ""
    intake_stage: str = "intake"
    digests_id: str = ""
    digests_stage: str = "digests"
    push_id: str = ""
    push_stage: str = "push"
    outbox: OutboxPage | None = None
    """The page of mails; the proxy itself answers for it."""

    def is_of_api(self, target: str) -> bool:
        """Return whether a request target is one of the API."""
        return _is_below(self.api_stage, target)

    def is_of_intake(self, target: str) -> bool:
        """Return whether a request target is one of the intake."""
        return bool(self.intake_id) and _is_below(self.intake_stage, target)

    def is_of_digests(self, target: str) -> bool:
        """Return whether a request target is one of the door for links of digests."""
        return bool(self.digests_id) and _is_below(self.digests_stage, target)

    def is_of_push(self, target: str) -> bool:
        """Return whether a request target is where pages open their sockets."""
        return bool(self.push_id) and target == f"/{self.push_stage}"

    @property
    def push_path(self) -> str:
        """The path by which the local AWS opens these sockets."""
        return f"/_aws/execute-api/{self.push_id}/{self.push_stage}"

    def is_outbox(self, target: str) -> bool:
        """Return whether a request target is the page of mails."""
        return self.outbox is not None and target.partition("?")[0] == self.outbox.path

    def refusal(self, method: str, target: str) -> Refusal | None:
        """Return why a request goes nowhere, None if it may go on."""
        path = target.partition("?")[0]
        if not target.startswith("/"):
            return _NO_TARGET
        if is_signed(target):
            return _AWS_CALL
        is_api = self.is_of_api(target) or self.is_of_intake(target) or self.is_of_digests(target)
        if is_api or self.is_of_push(target):
            return None
        if path in SIGN_IN_METHODS:
            return _refuse_unless(SIGN_IN_METHODS[path], method)
        is_page = path in self.site_paths | {"/", _DEFAULT_ICON} or self.is_outbox(target)
        if is_inner(target) or not is_page:
            return _NOTHING_HERE
        return _refuse_unless(_SITE_METHODS, method)

    def upstream(self, target: str) -> Upstream:
        """Return where a request target (path and query, as sent) goes on."""
        path, mark, query = target.partition("?")
        if self.is_of_api(target):
            return Upstream(
                f"{_rest_path(self.api_id, self.api_stage, path)}{mark}{query}",
                added_headers=self.api_headers,
                compressed_from=self.api_compressed_from,
            )
        if self.is_of_intake(target):
            return Upstream(f"{_rest_path(self.intake_id, self.intake_stage, path)}{mark}{query}")
        if self.is_of_digests(target):
            return Upstream(f"{_rest_path(self.digests_id, self.digests_stage, path)}{mark}{query}")
        if path in SIGN_IN_METHODS:
            return Upstream(target)
        if path == _DEFAULT_ICON:
            return Upstream(_SITE_ICON, self.distribution_domain)
        return Upstream(target, self.distribution_domain)


def _is_below(stage: str, target: str) -> bool:
    path = target.partition("?")[0]
    return path == f"/{stage}" or path.startswith(f"/{stage}/")


def _rest_path(api_id: str, stage: str, path: str) -> str:
    """Return where the local AWS answers for a REST API's path."""
    rest = path.removeprefix(f"/{stage}")
    return f"/restapis/{api_id}/{stage}/_user_request_{rest or '/'}"


def _refuse_unless(allowed: frozenset[str], method: str) -> Refusal | None:
    if method in allowed:
        return None
    allow = ", ".join(sorted(allowed))
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"This takes {allow} only.", {"Allow": allow})
