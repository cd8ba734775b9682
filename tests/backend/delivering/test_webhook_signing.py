"""Signed webhooks: as receivers verify them who use the public library, and as published."""

from __future__ import annotations

import base64
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from run_ledger.delivering.webhook_signing import webhook_headers

KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


def test_a_published_example() -> None:
    """Of the makers of the form: key, id, time and body, and the signature that they come to."""
    headers = webhook_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1_614_265_330,
        b'{"test": 2432232314}',
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_public_library_verifies_a_webhook() -> None:
    """By its headers, over the body as it is sent; and nothing else."""
    body = '{"type":"incident_opened","data":{"pipeline":"é"}}'.encode()
    headers = dict(webhook_headers("0b7b-opened-ops", int(time.time()), body, KEY))
    assert Webhook(KEY).verify(body, headers)["data"] == {"pipeline": "é"}
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(KEY).verify(body, {**headers, "webhook-id": "another"})


@pytest.mark.parametrize("key", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_???", "whsec_é"])
def test_a_key_that_is_none_signs_nothing(key: str) -> None:
    """A short one would be guessed, and an unreadable one is a mistake."""
    with pytest.raises(ValueError, match=r"."):
        webhook_headers("id", 1, b"{}", key)
