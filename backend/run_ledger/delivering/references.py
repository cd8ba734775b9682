"""The secrets that channels refer to, from where they are kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .aws_clients import DeliveryService

_KEPT_SECONDS = 60.0
_MOST_CHARACTERS = 8_192


class UnreadableReferenceError(Exception):
    """A secret can't be read; the message says which service refused, and not what is kept."""


class References:
    """Reads secrets, and keeps each for a minute: a new one is used soon after."""

    def __init__(self, client: Callable[[DeliveryService], Any], *, is_local: bool = False) -> None:
        """Ask by the clients that *client* gives for names of services; files only *is_local*."""
        self._client = client
        self._is_local = is_local
        self._kept: dict[str, tuple[float, str]] = {}

    def read(self, text: str) -> str:
        """Return what *text* refers to, or *text* itself where it is a URL.

        Raises UnreadableReferenceError.
        """
        if text.startswith(("https://", "http://")):
            return text
        known = self._kept.get(text)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        value = self._asked(text).strip()
        if not value or len(value) > _MOST_CHARACTERS:
            raise UnreadableReferenceError("its secret is empty or too long")
        self._kept[text] = time.monotonic() + _KEPT_SECONDS, value
        return value

    def _asked(self, text: str) -> str:
        try:
            if text.startswith("file:") and self._is_local:
                return Path(text.removeprefix("file:")).read_text("utf-8")
            if ":secretsmanager:" in text:
                secret = self._client("secretsmanager").get_secret_value(SecretId=text)
                return str(secret.get("SecretString", ""))
            if ":ssm:" in text:
                name = "/" + text.partition(":parameter/")[2]
                asked = {"Name": name, "WithDecryption": True}
                return str(self._client("ssm").get_parameter(**asked)["Parameter"]["Value"])
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "Unknown")
            raise UnreadableReferenceError(f"its secret can't be read: {code}") from error
        except (BotoCoreError, OSError, UnicodeDecodeError) as error:
            kind = type(error).__name__
            raise UnreadableReferenceError(f"its secret can't be read: {kind}") from error
        raise UnreadableReferenceError("its reference is none that this stage reads")
