"""What looks like a secret, by its name or by its form; no answer ever holds the value.

Better one question too many than a password in the open: whoever declares such a value and knows
better says so with `not_secret`.
"""

import re

from run_ledger.emit.counting.redaction import redacted
from run_ledger.emit.counting.secret_forms import form_of, is_random

_NAME_WORDS = frozenset(
    {
        *("auth", "authorization", "bearer", "dsn", "jwt", "pin", "private", "pw", "pwd", "salt"),
        *("token", "tokens"),
    }
)
_NAME_PARTS = (  # of a name without anything between its words
    *("password", "passwd", "passphrase", "passcode", "secret", "credential", "apikey", "authkey"),
    *("accesskey", "accountkey", "clientkey", "encryptionkey", "licensekey", "masterkey"),
    *("privatekey", "servicekey", "sharedkey", "signingkey", "sshkey", "subscriptionkey"),
    *("accesstoken", "authtoken", "refreshtoken", "connectionstring", "webhookurl"),
)
_NUMBER = re.compile(r"[0-9][0-9_,.]{0,11}")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_YES_OR_NO = frozenset({"true", "false", "yes", "no", "on", "off"})


def suspicion(name: str, value: str) -> str | None:
    """Return why a plain parameter looks like a secret, None where it does not."""
    if by_name := _name_says(name, value):
        return f"its name says so ({by_name})"
    what = form(value)
    if what is None and is_random(value):
        what = "a key: long and random"
    return None if what is None else f"its value has the form of {what}"


def form(text: str) -> str | None:
    """Return the kind of secret that stands in *text*, as in "a GitHub token", or None."""
    what = form_of(text)
    if what is None and redacted(text) != text:
        what = "a text with a password or a key in it"
    return what


def _name_says(name: str, value: str) -> str | None:
    words = [word.lower() for word in _WORD.findall(name)]
    found = [part for part in _NAME_PARTS if part in "".join(words)]
    found += [word for word in words if word in _NAME_WORDS]
    return next((word for word in found if not _is_setting(word, value)), None)


def _is_setting(word: str, value: str) -> bool:
    """Return whether this is no more than a setting about secrets: max_tokens, is_private."""
    if value.lower() in _YES_OR_NO:
        return True
    return word in ("token", "tokens") and _NUMBER.fullmatch(value) is not None
