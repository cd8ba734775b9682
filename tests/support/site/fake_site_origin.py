"""A stand-in for all that the site calls: its own origin with the API, and the sign-in pages.

There are two servers on two ports, as on AWS. One serves the site's files under the strictest
security headers and answers `/api/*`. The other stands in for Cognito's `/oauth2/*` and `/logout`,
and checks PKCE, redirect addresses and that codes are used once, as Cognito does. A test changes
`jobs`, `overview` and the like, and the switches, while the servers run.
"""

import hashlib
import json
import mimetypes
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

from tests.support.readers.example_jobs import make_overview, make_proof
from tests.support.readers.fake_answers import (
    Json,
    incidents_as_asked,
    jobs_page,
    matching,
    overview_answer,
    page,
    problem,
    projects_as_asked,
)
from tests.support.site.page_sockets import PageSockets
from tests.support.site.security_policy import content_security_policy
from tests.support.site.sign_in_form import base64_url, sign_in_page

from run_ledger_ops.deploying.site import served

SITE_FOLDER = Path(__file__).parents[3] / "static_site"
DESCRIPTION = SITE_FOLDER.parent / "backend" / "openapi.json"
CLIENT_ID = "site-client"
EMAIL = "reader@example.com"
PASSWORD = "Correct-Horse-1"

JOB_FILTERS = ("client_id", "project_id", "pipeline", "parent_job_id", "status")


@dataclass
class Grant:
    """A sign-in between its two redirects."""

    challenge: str
    nonce: str
    redirect_uri: str


@dataclass
class FakeOrigin:
    """What the servers answer; tests change it while they run."""

    jobs: list[Json] = field(default_factory=list)
    entries: dict[str, list[Json]] = field(default_factory=dict)
    projects: list[Json] = field(default_factory=list)
    clients: list[Json] = field(default_factory=list)
    configs: dict[str, Json] = field(default_factory=dict)
    errors: list[Json] = field(default_factory=list)
    incidents: list[Json] = field(default_factory=list)
    telling: bool = True
    trends: Json = field(default_factory=dict)
    costs: Json = field(default_factory=dict)
    """The trends by client, project or model."""
    overview: Json = field(default_factory=make_overview)
    proof: Json = field(default_factory=make_proof)
    demo: bool = False
    more_config: Json = field(default_factory=dict)
    sockets: PageSockets = field(default_factory=PageSockets)
    person_claims: Json = field(default_factory=dict)
    """What access tokens say of who is signed in; if nothing, they are no JWT."""
    taken: list[Json] = field(default_factory=list)
    """The bodies that the intake got."""
    intake_answers: list[tuple[int, Json]] = field(default_factory=list)
    """What the intake answers next; else it accepts."""
    api_status: int | None = None
    """Answer everything under `/api/` with this status."""
    api_seconds: float = 0
    """Let every answer under `/api/` take so long."""
    bad_parameter: str | None = None
    """Refuse this parameter wherever it is given."""
    token_seconds: int = 3600
    nonce_in_token: str | None = None
    """Put this nonce into ID tokens in place of the right one."""
    api_requests: list[tuple[str, int]] = field(default_factory=list)
    token_requests: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    csp_reports: list[Json] = field(default_factory=list)
    site_url: str = ""
    identity_url: str = ""
    _grants: dict[str, Grant] = field(default_factory=dict)
    _access_tokens: set[str] = field(default_factory=set)
    _refresh_tokens: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def end_sessions(self) -> None:
        """Make all tokens that were ever given invalid."""
        with self._lock:
            self._access_tokens.clear()
            self._refresh_tokens.clear()

    def end_access_tokens(self) -> None:
        """Let access tokens expire; refresh tokens stay valid."""
        with self._lock:
            self._access_tokens.clear()

    def config(self) -> Json:
        """Give the site's `config.json`."""
        return {
            "api_base": "/api",
            "authorize_url": f"{self.identity_url}/oauth2/authorize",
            "token_url": f"{self.identity_url}/oauth2/token",
            "logout_url": f"{self.identity_url}/logout",
            "revoke_url": f"{self.identity_url}/oauth2/revoke",
            "client_id": CLIENT_ID,
            "scope": "openid email run-ledger/read",
            "stage": "test",
            "demo": self.demo,
            **self.more_config,
        }

    def begin_sign_in(self, query: dict[str, str]) -> str | None:
        """Check a request to `/oauth2/authorize`; return what is wrong with it."""
        wanted = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": f"{self.site_url}/",
            "code_challenge_method": "S256",
            "scope": " ".join(
                ["openid email run-ledger/read", *filter(None, [self.config().get("act_scope")])]
            ),
        }
        wrong = [name for name, value in wanted.items() if query.get(name) != value]
        wrong += [name for name in ("state", "nonce", "code_challenge") if not query.get(name)]
        return f"wrong or missing: {', '.join(wrong)}" if wrong else None

    def finish_sign_in(self, query: dict[str, str]) -> str:
        """Return the address to go back to with a code."""
        code = secrets.token_urlsafe(16)
        with self._lock:
            self._grants[code] = Grant(
                challenge=query["code_challenge"],
                nonce=query["nonce"],
                redirect_uri=query["redirect_uri"],
            )
        answer = urlencode({"code": code, "state": query["state"]})
        return f"{query['redirect_uri']}?{answer}"

    def give_tokens(self, form: dict[str, str]) -> Json | None:
        """Answer `/oauth2/token`; return None when the grant is not valid."""
        with self._lock:
            self.token_requests.append(form.get("grant_type", ""))
            if form.get("client_id") != CLIENT_ID:
                return None
            if form.get("grant_type") == "refresh_token":
                known = form.get("refresh_token") in self._refresh_tokens
                return self._new_tokens(nonce=None) if known else None
            grant = self._grants.pop(form.get("code", ""), None)
            if grant is None or form.get("redirect_uri") != grant.redirect_uri:
                return None
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if base64_url(digest) != grant.challenge:
                return None
            tokens = self._new_tokens(nonce=self.nonce_in_token or grant.nonce)
            tokens["refresh_token"] = secrets.token_urlsafe(16)
            self._refresh_tokens.add(tokens["refresh_token"])
            return tokens

    def revoke(self, form: dict[str, str]) -> None:
        """Take a refresh token back, as `/oauth2/revoke` does for a client without a secret."""
        with self._lock:
            self._refresh_tokens -= {form["token"]} if form["client_id"] == CLIENT_ID else set()
            self.revoked.append(form["token"])

    def _new_tokens(self, *, nonce: str | None) -> Json:
        access_token = secrets.token_urlsafe(16)
        if self.person_claims:
            said = base64_url(json.dumps(self.person_claims).encode())
            access_token = f"head.{said}.{access_token}"
        self._access_tokens.add(access_token)
        claims = {"aud": CLIENT_ID, "exp": 4102444800, "email": EMAIL, "token_use": "id"}
        if nonce is not None:
            claims["nonce"] = nonce
        parts = [base64_url(json.dumps(part).encode()) for part in ({"alg": "none"}, claims)]
        return {
            "access_token": access_token,
            "id_token": ".".join([*parts, "signature"]),
            "expires_in": self.token_seconds,
            "token_type": "Bearer",
        }

    def answer_api(self, path: str, query: dict[str, str], authorization: str) -> tuple[int, Json]:
        """Answer a path under `/api`."""
        with self._lock:
            if self.api_status is not None:
                return self.api_status, problem(self.api_status, "as the test wants it")
            if authorization.removeprefix("Bearer ") not in self._access_tokens:
                return 401, {"message": "The incoming token has expired"}
            if self.bad_parameter in query:
                refusal = problem(400, f"{self.bad_parameter} is not a known client")
                return 400, {**refusal, "parameter": self.bad_parameter}
            answer = self._resource(path, query)
            return (404, problem(404, "no such thing")) if answer is None else (200, answer)

    def _resource(self, path: str, query: dict[str, str]) -> Json | None:
        match [unquote(part) for part in path.strip("/").split("/")]:
            case ["jobs"]:
                return self._job_page(query)
            case ["jobs", job_id]:
                return next((job for job in self.jobs if job["job_id"] == job_id), None)
            case ["jobs", job_id, "entries"]:
                entries = self.entries.get(job_id, [])
                return page(entries[::-1] if query.get("order") == "newest" else entries, query)
            case ["openapi.json"]:
                return {**json.loads(DESCRIPTION.read_text("utf-8")), "servers": [{"url": "/api"}]}
        return self._view(path, query)

    def _view(self, path: str, query: dict[str, str]) -> Json | None:
        asked = query.get("client_id")
        lists = {
            "projects": projects_as_asked(self.projects, query),
            "errors": [group for group in self.errors if asked in (None, *group["clients"])],
            "clients": self.clients,
            "incidents": incidents_as_asked(self.incidents, query),
        }
        match [unquote(part) for part in path.strip("/").split("/")]:
            case ["overview"]:
                open_ = [one for one in self.incidents if one["state"] == "open"]
                told = {"open": len(open_), "of_staff": sum(one["of_staff"] for one in open_)}
                told |= {"telling": self.telling, "newest": open_[:5]}
                self.overview = {**self.overview, "incidents": told}
                return overview_answer(self.overview, self.jobs, self.errors, query)
            case ["proof" | "trends" as name]:
                return self.costs if "group_by" in query else getattr(self, name)
            case ["projects" | "errors" | "clients" | "incidents" as name]:
                return {**page(lists[name], query), "telling": self.telling}
            case ["projects" | "clients" | "incidents" as name, wanted]:
                key = f"{name.removesuffix('s')}_id"
                return next((one for one in lists[name] if one[key] == wanted), None)
            case ["clients", client_id, "config"]:
                return self.configs.get(client_id)
        return None

    def _job_page(self, query: dict[str, str]) -> Json:
        return jobs_page(matching(self.jobs, query, *JOB_FILTERS), query)


class _Handler(BaseHTTPRequestHandler):
    """What both servers share."""

    protocol_version = "HTTP/1.1"
    origin: FakeOrigin

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base names it so
        """Say nothing: tests look at the recorded requests."""

    def handle(self) -> None:
        """Serve a connection; that a browser drops one is no error."""
        with suppress(ConnectionError):
            super().handle()

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.path).query))

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _SiteHandler(_Handler):
    """The site's files and, on the same origin, the API."""

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/api/"):
            self.answer_api(path.removeprefix("/api"))
        elif path == "/push":
            self.origin.sockets.serve(self)
        elif path == "/config.json":
            body = json.dumps(self.origin.config()).encode()
            self.send(200, body, {"Content-Type": "application/json"})
        else:
            self.send_file(SITE_FOLDER / (path.lstrip("/") or "index.html"))

    def do_POST(self) -> None:
        if self.path == "/intake/events":
            self.origin.taken.append(json.loads(self.body()))
            answers = self.origin.intake_answers
            status, answer = answers.pop(0) if answers else (202, {})
            self.send(status, json.dumps(answer).encode(), {"Content-Type": "application/json"})
            return
        self.origin.csp_reports.append(json.loads(self.body()))
        self.send(204, b"", {})

    def answer_api(self, path: str) -> None:
        status, answer = self.origin.answer_api(
            path, self.query(), self.headers.get("Authorization", "")
        )
        time.sleep(self.origin.api_seconds)
        body = json.dumps(answer).encode()
        headers = {"Content-Type": "application/json"}
        if status == HTTPStatus.OK:
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if self.headers.get("If-None-Match") == headers["ETag"]:
                status, body = 304, b""
        self.origin.api_requests.append((self.path, status))
        self.send(status, body, headers)

    def send_file(self, file: Path) -> None:
        if not file.is_relative_to(SITE_FOLDER) or not file.is_file():
            self.send(403, b"", {})
            return
        headers = {
            "Content-Type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
            "Content-Security-Policy": content_security_policy(self.origin.identity_url),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-cache",
        }
        self.send(200, served(file), headers)


class _IdentityHandler(_Handler):
    """The sign-in pages."""

    def do_GET(self) -> None:
        query = self.query()
        match urlsplit(self.path).path:
            case "/oauth2/authorize":
                wrong = self.origin.begin_sign_in(query)
                if wrong is None:
                    self.send(200, sign_in_page(query), {"Content-Type": "text/html"})
                else:
                    self.send(400, wrong.encode(), {"Content-Type": "text/plain"})
            case "/logout" if query == {
                "client_id": CLIENT_ID,
                "logout_uri": f"{self.origin.site_url}/",
            }:
                self.origin.end_sessions()
                self.send(302, b"", {"Location": query["logout_uri"]})
            case _:
                self.send(404, b"", {})

    def do_POST(self) -> None:
        form = {name: values[0] for name, values in parse_qs(self.body().decode()).items()}
        if urlsplit(self.path).path == "/oauth2/token":
            tokens = self.origin.give_tokens(form)
            answer = {"error": "invalid_grant"} if tokens is None else tokens
            headers = {"Access-Control-Allow-Origin": "*", "Content-Type": "application/json"}
            self.send(400 if tokens is None else 200, json.dumps(answer).encode(), headers)
        elif urlsplit(self.path).path == "/oauth2/revoke":
            self.origin.revoke(form)
            self.send(200, b"", {})
        elif (form.get("username"), form.get("password")) == (EMAIL, PASSWORD):
            self.send(302, b"", {"Location": self.origin.finish_sign_in(self.query())})
        else:
            self.send(200, sign_in_page(self.query()), {"Content-Type": "text/html"})


@contextmanager
def running_origin() -> Iterator[FakeOrigin]:
    """Serve a new origin on free ports of this machine until the block ends."""
    origin = FakeOrigin()
    servers = []
    for base in (_SiteHandler, _IdentityHandler):
        handler = type(base.__name__, (base,), {"origin": origin})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        servers.append(server)
    site, identity = servers
    # two host names, so that the browser treats them as two sites, as on AWS
    origin.site_url = f"http://127.0.0.1:{site.server_port}"
    origin.identity_url = f"http://localhost:{identity.server_port}"
    threads = [threading.Thread(target=server.serve_forever, args=[0.02]) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield origin
    finally:
        origin.sockets.cut()
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()
