"""Whether people get to a page where they can sign in."""

import urllib.request
from urllib.error import HTTPError
from urllib.parse import urlsplit

from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.checks.live.http_opener import opener
from run_ledger_ops.console.target import Target
from run_ledger_ops.sign_in.own_token import SignInPages, new_attempt

_PART = "sign-in page"
_SECONDS = 30.0
_MOST_BYTES = 1_000_000


def page_answers(system: Target) -> Finding:
    """Open the page that the site sends people to, as a browser does; nobody signs in.

    Raises OSError where nobody answers.
    """
    pages = SignInPages(
        authorize_url=system.reachable_authorize_url,
        token_url=system.reachable_token_url,
        client_id=system.outputs["SiteClientId"],
        scope=f"openid email {system.outputs['Scope']}",
    )
    address = new_attempt(pages).address
    request = urllib.request.Request(address, headers={"Accept": "text/html"})  # noqa: S310
    figures: dict[str, object] = {"address": address.partition("?")[0]}
    try:
        with opener(is_local=system.is_local).open(request, timeout=_SECONDS) as answer:
            landed, body = answer.geturl(), answer.read(_MOST_BYTES)
    except HTTPError as refusal:
        words = f"{figures['address']} answers {refusal.code}: see `{_PART}` in infra/RUNBOOK.md"
        return Finding(_PART, Level.WRONG, words, {**figures, "status": refusal.code})
    parts = urlsplit(landed)
    if parts.path.endswith("/error") or b"<html" not in body.lower():
        words = f"{parts.scheme}://{parts.netloc}{parts.path} is no page to sign in at"
        return Finding(_PART, Level.WRONG, words, figures)
    return Finding(_PART, Level.WELL, f"answers at {parts.scheme}://{parts.netloc}", figures)
