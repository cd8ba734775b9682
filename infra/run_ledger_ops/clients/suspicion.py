"""What looks like a secret, by its name or by its form; no answer ever holds the value.

Better one question too many than a password in the open: whoever declares such a value and knows
better says so with `not_secret`.
"""

import re

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
_YES_OR_NO = frozenset({"true", "false", "yes", "no", "on", "off"})

_FORMS = (
    ("a private key", r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY|AGE-SECRET-KEY-1"),
    ("an AWS access key", r"(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])"),
    ("a JSON web token", r"(?<![\w-])eyJ[\w-]{6,}\.[\w-]{4,}"),
    ("a GitHub token", r"(?<![A-Za-z0-9])(?:gh[oprsu]_[A-Za-z0-9]{16,}|github_pat_\w{16,})"),
    ("a GitLab token", r"(?<![A-Za-z0-9])gl(?:pat|dt|rt|cbt|ptt|soat)-[\w-]{16,}"),
    ("a Slack token", r"(?<![A-Za-z0-9])(?:xox[a-z]|xapp|xwfp)-[\w-]{8,}"),
    ("a Slack webhook", r"hooks\.slack\.com/(?:services|workflows|triggers)/"),
    (
        "a key of OpenAI's, Anthropic's or Stripe's form",
        (
            r"(?<![A-Za-z0-9])(?:sk|rk|pk)[-_](?:ant|proj|svcacct|admin|or|live|test|lf)[-_][\w-]{8,}"
            r"|(?<![A-Za-z0-9])sk-[A-Za-z0-9]{16,}|(?<![A-Za-z0-9])whsec_[A-Za-z0-9]{8,}"
        ),
    ),
    ("a Google key", r"(?<![A-Za-z0-9])AIza[\w-]{30,}|(?<![A-Za-z0-9])(?:ya29\.|GOCSPX-)[\w-]{8,}"),
    ("a Hugging Face token", r"(?<![A-Za-z0-9])(?:hf|api_org)_[A-Za-z0-9]{16,}"),
    (
        "a token of a service",
        (
            r"(?<![A-Za-z0-9])(?:npm_[A-Za-z0-9]{16,}|pypi-AgE[\w-]{8,}|dop_v1_[0-9a-f]{16,}"
            r"|dapi[0-9a-f]{16,}|SG\.[\w-]{8,}\.[\w-]{8,}|shp(?:at|ca|pa|ss)_[0-9a-f]{16,}"
            r"|SK[0-9a-f]{32}|key-[0-9a-f]{32}|hvs\.[\w-]{16,}|glsa_\w{16,}|lin_api_\w{16,}"
            r"|sq0[a-z]{3}-[\w-]{16,}|pat[A-Za-z0-9]{14}\.[0-9a-f]{16,})"
        ),
    ),
    ("an address with a user and a password", r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#:@]*:[^\s/?#@]+@"),
)
_LOOSE_FORMS = (  # which prose may have, too
    (
        "an authorization header",
        (
            r"(?<![A-Za-z])(?:[Bb]earer|[Bb]asic|BEARER|BASIC)\s+"
            r"(?=\S*(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9+/=._~-]{8,}"
        ),
    ),
    (
        "a connection string or other text with a password in it",
        (
            r"(?i)(?<![a-z])(?:password|passwd|passphrase|pwd|secret|token|credentials?"
            r"|(?:api|access|account|shared[ _-]?access)[ _-]?key|shared[ _-]?access[ _-]?signature"
            r"|client[ _-]?secret|sig|signature|x-amz-signature|secret[ _-]?access[ _-]?key)"
            r"[\"']?\s*[=:]\s*[\"']?[^\s\"',;&}]{3,}"
        ),
    ),
)
_KNOWN = tuple((what, re.compile(pattern)) for what, pattern in _FORMS)
_LOOSE = tuple((what, re.compile(pattern)) for what, pattern in _LOOSE_FORMS)

_LONG_RUN = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_PIECE = re.compile(r"[A-Za-z0-9]+")
_UUID = re.compile(r"(?i)(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])")
_CHUNK = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_LEAST_CHARACTERS = 20
_LEAST_DISTINCT = 8
# How often a random text changes between small letters, capitals and digits inside a word: about
# 0.45 in base64 and hex, 0.3 in base32. In names, versions and dates it is hardly ever above 0.16.
_MOST_CHANGES = 0.18


def suspicion(name: str, value: str) -> str | None:
    """Return why a plain parameter looks like a secret, None where it does not."""
    if by_name := _name_says(name, value):
        return f"its name says so ({by_name})"
    what = form(value) or _first(_LOOSE, value)
    if what is None and _is_random(value):
        what = "a key: long and random"
    return None if what is None else f"its value has the form of {what}"


def form(text: str) -> str | None:
    """Return the kind of secret whose form *text* has, as in "a GitHub token", or None."""
    return _first(_KNOWN, text)


def _first(forms: tuple[tuple[str, re.Pattern[str]], ...], text: str) -> str | None:
    return next((what for what, pattern in forms if pattern.search(text)), None)


def _name_says(name: str, value: str) -> str | None:
    words = [word.lower() for word in _CHUNK.findall(name)]
    found = [part for part in _NAME_PARTS if part in "".join(words)]
    found += [word for word in words if word in _NAME_WORDS]
    return next((word for word in found if not _is_setting(word, value)), None)


def _is_setting(word: str, value: str) -> bool:
    """Return whether this is no more than a setting about secrets: max_tokens, is_private."""
    if value.lower() in _YES_OR_NO:
        return True
    return word in ("token", "tokens") and _NUMBER.fullmatch(value) is not None


def _is_random(value: str) -> bool:
    return any(map(_looks_random, _LONG_RUN.findall(_UUID.sub(" ", value))))


def _looks_random(run: str) -> bool:
    pieces = _PIECE.findall(run)
    characters = sum(map(len, pieces))
    if characters < _LEAST_CHARACTERS or len(set(run)) < _LEAST_DISTINCT:
        return False
    changes = sum(len(_CHUNK.findall(piece)) - 1 for piece in pieces)
    return changes / characters > _MOST_CHANGES
