"""What an outside program does with a running stack: get a token, read the API, post events."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

Stack = Mapping[str, Any]
_ROOT = Path(__file__).resolve().parents[3]
# Cold functions on a loaded machine answer late; the local stack itself gives up sooner.
_SECONDS = 120


def machine_token(stack: Stack, scope: str | None = None) -> str:
    """Get an access token by client credentials, as an external system does."""
    answer = requests.post(
        stack["token_url"],
        data={"grant_type": "client_credentials", "scope": scope or stack["scope"]},
        auth=(stack["machine_client_id"], stack["machine_client_secret"]),
        timeout=_SECONDS,
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def personal_tokens(stack: Stack, role: str, scope: str) -> dict[str, str]:
    """Sign in on the login page as the user in *role*, by code and PKCE; return all tokens."""
    verifier = secrets.token_urlsafe(48)
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": stack["site_client_id"],
        "redirect_uri": stack["site_url"],
        "scope": scope,
        "state": secrets.token_urlsafe(8),
        "code_challenge_method": "S256",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
    }
    session = requests.Session()
    page = session.get(stack["authorize_url"], params=asked, timeout=_SECONDS)
    page.raise_for_status()
    user = stack["users"][role]
    form = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page.text))
    form |= {"username": user["email"], "password": user["password"]}
    action = re.search(r'<form[^>]*action="([^"]*)"', page.text)
    target = requests.compat.urljoin(page.url, action[1] if action else "/login")
    answer = session.post(target, data=form, allow_redirects=False, timeout=_SECONDS)
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    tokens = requests.post(
        stack["token_url"],
        data={
            "grant_type": "authorization_code",
            "client_id": stack["site_client_id"],
            "redirect_uri": stack["site_url"],
            "code": code,
            "code_verifier": verifier,
        },
        timeout=_SECONDS,
    )
    tokens.raise_for_status()
    return dict(tokens.json())


def get(stack: Stack, path: str, token: str | None = None, **parameters: Any) -> requests.Response:
    """Read *path* of the API."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return requests.get(
        stack["api_url"] + path, params=parameters, headers=headers, timeout=_SECONDS
    )


def all_items(stack: Stack, path: str, token: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Yield the items of a list, following its cursors to the end."""
    while True:
        answer = get(stack, path, token, **parameters)
        answer.raise_for_status()
        page = answer.json()
        yield from page["items"]
        if page["next_cursor"] is None:
            return
        parameters["cursor"] = page["next_cursor"]


def aws(stack: Stack, *words: str) -> dict[str, Any]:
    """Run the ordinary AWS command line against the stack; return what it printed as JSON."""
    done = subprocess.run(
        [str(_ROOT / ".venvs" / "aws" / "bin" / "aws"), *words, "--output", "json"],
        env={
            **os.environ,
            "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
            "AWS_ACCESS_KEY_ID": stack["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": stack["secret_access_key"],
            "AWS_DEFAULT_REGION": stack["region"],
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout)) if done.stdout.strip() else {}


def bus_entry(stack: Stack, envelope: Mapping[str, Any]) -> dict[str, str]:
    """Return the PutEvents entry that makes the bus send *envelope*'s content."""
    return {
        "EventBusName": stack["event_bus_name"],
        "Source": envelope["source"],
        "DetailType": envelope["detail-type"],
        "Detail": json.dumps(envelope["detail"]),
    }


def put_events(stack: Stack, client: Any, envelopes: Sequence[Mapping[str, Any]]) -> None:
    """Post *envelopes* to the bus through *client*, ten a call."""
    for start in range(0, len(envelopes), 10):
        entries = [bus_entry(stack, one) for one in envelopes[start : start + 10]]
        answer = client.put_events(Entries=entries)
        assert answer["FailedEntryCount"] == 0, answer


def until(what: str, seconds: float, is_so: Callable[[], bool]) -> None:
    """Ask again and again until *is_so*; after *seconds*, fail and name *what* was expected."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.02)
