"""Blanking secrets in text that leaves the process; the words around a secret stay.

A secret is known by its form (`secret_forms`), by where it stands (an address, a header, a command
line) or by its name: ``password=…``. After a name and a colon people write sentences, too, as in
``auth: connection refused``: there a value goes only if it does not read like words. Every pattern
takes time in proportion to the text's length.
"""

from __future__ import annotations

import re

from .secret_forms import FORMS, is_random

BLANK = "[blanked]"
_HALF = 10_000  # characters of a very long text that are kept, from either end
_CUT = " … "

_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9+.-])([A-Za-z][A-Za-z0-9+.-]{1,30}://)([^\s/?#:@'\"<>]{0,128})"
    r":(?!\[blanked\])(?!\d{1,5}(?:/|\Z))([^\s@'\"<>]{1,256}(?:@[^\s@/'\"<>]{1,256})*?)"
    r"@(?=[\w.\[-]+)(?![^\s/'\"<>]*@)"
)
_USER_ONLY = re.compile(r"(?<![A-Za-z0-9+.-])(https?://)([\w-]{20,200})@")
_COOKIE = re.compile(
    r"(?i)((?:\bset-)?\bcookies?['\"]?\s?[:=]\s?['\"]?)(?=[\w.-]{1,64}=)([^\n'\"]+)"
)
_SCHEMES = r"(?:bearer|basic|digest|token|apikey|api-key|negotiate|ntlm|hmac|aws4-hmac-sha256|key)"
_HEADER = re.compile(
    rf"(?i)\b((?:proxy-)?authorization['\"]?\s?[:=]\s?['\"]?(?:{_SCHEMES}\s+)?)"
    r"(?!\[blanked\])([^\s'\",;]+(?:,\s*\w+=[^\s,]+)*)"
)
_SCHEME = re.compile(rf"(?i)(?<![\w-])({_SCHEMES}\s+)(?!\[blanked\]|[\w-]+=[^=])([\w.~+/=-]{{8,}})")
_USER_OPTION = re.compile(
    r"((?:(?<=\s)|\A)(?:-u|--user|--proxy-user)[ =]?['\"]?[\w.@-]{1,64}:)([^\s'\"]+)"
)
_OPTION = re.compile(
    r"(\bsshpass\s+-p\s?|\bmysql\w*\s(?:[^\n|;&]{0,80}?\s)?-p"
    r"|\b(?:docker|podman|nerdctl|skopeo|helm registry|az|oc) login\s(?:[^\n|;&]{0,80}?\s)?-p\s?"
    r"|\bredis-cli\s(?:[^\n|;&]{0,80}?\s)?-a\s|\b(?:sqlcmd|bcp)\s(?:[^\n|;&]{0,80}?\s)?-P\s?)"
    r"(?!\[blanked\])([^\s'\"-][^\s'\"]*)"
)
_ORACLE = re.compile(
    r"(?i)(\b(?:(?:sqlplus|sqlldr|expdp|impdp|rman)\s(?:-\w+\s){0,3}|jdbc:oracle:\w{1,8}:)\w{1,64}/)"
    r"(?!\[blanked\])([^\s@/'\"]{1,128})(?=@)"
)
_SPOKEN = re.compile(
    r"(?i)(\b(?:identified by|(?:password|passphrase)(?: for \S{1,64})?(?: is| was)?)\s+)"
    r"(?:'([^'\s]{1,128})'|\"([^\"\s]{1,128})\")"
)
_TOLD = re.compile(
    r"(?i)(\b(?:(?:api|access|secret|license)[ _-]?key|token|secret|password|passphrase)\s+"
    r"(?:provided|given|used|entered|sent|received|for \S{1,64})\s?:\s+['\"]?)"
    r"(?!\[blanked\])([^\s'\",;]{5,}[^\s'\",;.])"
)
_QUOTED = re.compile(r"(?i)(\b(?:token|key|secret)\s['\"`])([\w.~+/=-]{20,200})(?=['\"`])")

_NAMES = (
    r"(?:(?<![A-Za-z])|(?<=db)|(?<=user))pass"
    r"|pass(?:word|wd|phrase|code|wort)|pwd|secrets?|api[ _-]?key"
    r"|(?<!next)(?<!page)(?<!continuation)token"
    r"|(?:access|account|app|application|auth|client|consumer|encryption|licen[cs]e|master"
    r"|private|service|shared|signing|ssh|storage|subscription|secret|session|webhook)"
    r"[ _-]?(?:access[ _-]?)?(?:key|token)"
    r"|credentials?|auth|(?:shared[ _-]?access[ _-]?)?signature|sig|session[ _-]?id|sessid"
    r"|connect\.sid|csrftoken|client[ _-]?secret|connection[ _-]?string|webhook[ _-]?url|jwt|otp"
)
# The name may have a beginning (DB_PASSWORD, aws.secret); what goes on after it is another name.
_NAME = rf"(?<![\w.-])[\w.-]{{0,60}}?(?:{_NAMES})"
_VALUE = (
    r"(?P<value>(?<=\\)\"[^\"\\\n]*+\\\"|\"(?:[^\"\\\n]|\\.)*+\"?|'(?:[^'\\\n]|\\.)*+'?"
    r"|[^\s,;&\"'})\]<>]++)"
)
_ASSIGNMENT = re.compile(
    rf"(?P<before>\\?[\"']?)(?P<name>{_NAME})(?P<quote>\\?[\"']?)"
    rf"(?P<sign>\s{{0,3}}(?:=>|:=|[:=])\s{{0,3}}\\?)"
    rf"(?!\[blanked\]){_VALUE}",
    re.IGNORECASE,
)
_LONG_OPTION = re.compile(
    rf"(?i)((?<![\w-])--(?:[a-z0-9-]{{0,40}}?-)?(?:{_NAMES})\s+)"
    r"(?!-|['\"]?\[blanked\])(\"[^\"\n]*\"|'[^'\n]*'|[^\s'\"]+)"
)
_MEMBER = re.compile(
    rf"(?i)(<(?:[\w.-]{{1,40}}:)?[\w.-]{{0,40}}?(?P<name>{_NAMES})>)([^<>\s][^<>\n]{{0,255}})(?=</)"
)
_GENERIC = re.compile(
    r"(?i)((?<![\w-])[\w.-]{0,60}?(?:key|token|secret|hash|code)['\"]?\s?[:=]\s?['\"]?)"
    r"(?!\[blanked\])([A-Za-z0-9+/_=.-]{20,})"
)

_PLACEHOLDER = re.compile(
    r"\*+|x{3,}|X{3,}|\.{3,}|<[^>]*>?|\$\{?\w+\}?|\{\{?[\w. ]*\}?\}?|%\(?\w+\)?s?|\[\w+\]?"
)
_EMPTY = frozenset(
    (
        *("", "none", "null", "nil", "true", "false", "undefined", "unset", "empty", "missing"),
        *("yes", "no", "basic", "bearer", "digest", "oauth2", "iam"),
    )
)
_SENTENCE = re.compile(
    r"(?i)\b(?:is|are|was|were|has|have|had|must|may|can|cannot|can't|not|no|required|expired?"
    r"|invalid|missing|wrong|incorrect|denied|failed|failure|refused|exhausted|too|short|long|this|the"
    r"|at least|limit|exceeded|unexpected|error|field|unknown|found|revoked|rejected|blank"
    r"|need(?:s|ed)?|unauthori[sz]ed|forbidden|unable|could|should|timed?|timeout|closed|reset|ok|changed|hidden"
    r"|rotated|malformed|disabled|enabled|mask(?:ed)?|mismatch(?:ed)?|absent|provided|revoke)\b"
)
_SPOKEN_OF = frozenset(("token", "auth", "signature", "sig", "jwt", "secret", "credentials"))
# Where something is kept: at least two folders that are words, years or days.
_FILE = re.compile(r"(?:(?:\A|/)(?:[a-z]{3,20}=?[\w-]{0,20}|\d{1,4})(?=/)){2}")
_CLASS_NAME = re.compile(r"[\w.]*(?:Error|Exception|Failure|Timeout|Warning)\d*\b.*")
_SHORTEST_MIXED = 6
_SYMBOLS = re.compile(r"[!@#$%^&*+=~?]")


def redacted(text: str) -> str:
    """Return *text* with what is a secret by its form, its place or its name replaced by `BLANK`.

    Of a very long text the beginning and the end are kept. Secrets that look like other text stay:
    nobody should rely on this alone.
    """
    if len(text) > 2 * _HALF:
        text = f"{text[:_HALF]}{_CUT}{text[-_HALF:]}"
    text = _ADDRESS.sub(_without_password, text)
    for _, pattern in FORMS:
        text = pattern.sub(BLANK, text)
    text = _USER_ONLY.sub(_without_user, text)
    text = _COOKIE.sub(rf"\1{BLANK}", text)
    text = _HEADER.sub(_if_opaque, text)
    text = _SCHEME.sub(_if_opaque, text)
    for pattern in (_USER_OPTION, _OPTION, _ORACLE):
        text = pattern.sub(rf"\1{BLANK}", text)
    text = _LONG_OPTION.sub(lambda found: f"{found[1]}{_blanked(found[2])}", text)
    text = _SPOKEN.sub(_spoken, text)
    text = _QUOTED.sub(_if_random, text)
    text = _MEMBER.sub(_member, text)
    text = _TOLD.sub(_if_opaque, text)
    text = _ASSIGNMENT.sub(_assigned, text)
    return _GENERIC.sub(_if_random, text)


def _without_password(found: re.Match[str]) -> str:
    user = BLANK if is_random(found[2]) else found[2]
    return f"{found[1]}{user}:{BLANK}@"


def _without_user(found: re.Match[str]) -> str:
    return f"{found[1]}{BLANK}@" if is_random(found[2]) else found[0]


def _if_opaque(found: re.Match[str]) -> str:
    return f"{found[1]}{BLANK}" if _is_opaque(found[2]) else found[0]


def _if_random(found: re.Match[str]) -> str:
    is_secret = is_random(found[2]) and not _FILE.search(found[2])
    return f"{found[1]}{BLANK}" if is_secret else found[0]


def _spoken(found: re.Match[str]) -> str:
    is_told = found[1].lower().rstrip().endswith((" is", " was"))
    if is_told and _SENTENCE.search(found[2] or found[3]):
        return found[0]
    return f"{found[1]}{_blanked(found[0][-1] * 2)}"


def _member(found: re.Match[str]) -> str:
    """Return a member of XML with its value blanked, if the value does not read like words."""
    name, value = found["name"], found[3].strip()
    is_secret = _is_opaque(value) or (_is_password(name) and not _SENTENCE.search(value))
    is_secret = is_secret and not _is_harmless(name, value)
    return f"{found[1]}{BLANK}" if is_secret else found[0]


def _assigned(found: re.Match[str]) -> str:
    """Return an assignment with its value blanked, unless the value is none or reads like words."""
    name, sign, value = found["name"], found["sign"], found["value"]
    mark = value[0] if value[0] in "\"'" else ""
    bare = value.strip("\"'").strip()
    if _is_harmless(name, bare):
        return found[0]
    is_named = bool(found["quote"].strip("\\")) or name.lower() not in _SPOKEN_OF
    is_member = is_named and bool(mark)
    if "=" not in sign and not (mark and is_member):
        end = found.string[found.end() : found.end() + 80].split("\n", 1)[0]
        is_alone = not end.strip(" ,;}'\")].")
        is_word = is_alone and _is_password(name) and _is_word_alone(bare)
        if _is_path(found, name) or not (_is_opaque(bare) or is_word):
            return found[0]
    elif mark and " " in bare and "=" not in sign and _SENTENCE.search(bare):
        return found[0]
    return f"{found['before']}{name}{found['quote']}{sign}{_blanked(value)}"


def _blanked(value: str) -> str:
    """Return what stands for *value*, in the quotes that it stands in."""
    mark = value[0] if value[0] in "\"'" else ""
    end = "\\" + mark if mark and value.endswith("\\" + mark) else mark
    return f"{mark}{BLANK}{end if value.endswith(mark) else ''}"


def _is_harmless(name: str, bare: str) -> bool:
    is_number = bare.replace(".", "").replace("_", "").isdigit()
    return (
        bare.lower() in _EMPTY
        or bare.startswith(BLANK)
        or bool(_PLACEHOLDER.fullmatch(bare))
        or (name.lower() in ("pwd", "oldpwd") and bare.startswith("/"))  # where a shell is
        or (
            is_number
            and not name.lower().endswith(("password", "passwd", "pwd", "passcode", "otp"))
        )
    )


def _is_path(found: re.Match[str], name: str) -> bool:
    """Return whether the name is the end of a path, as in /run/secrets/db_password."""
    before = found.string[max(0, found.start() - 1) : found.start()]
    return before in ("/", "\\") or "/" in name


def _is_password(name: str) -> bool:
    return name.lower().endswith(("password", "passwd", "passphrase", "pwd", "secret"))


def _is_word_alone(bare: str) -> bool:
    return len(bare) >= _SHORTEST_MIXED and bare.isalpha() and not _SENTENCE.search(bare)


def _is_opaque(value: str) -> bool:
    """Return whether *value* does not read like words, numbers, an address or a class's name."""
    bare = value.strip("\"'.,:;()[]")
    if len(bare) < _SHORTEST_MIXED or _CLASS_NAME.fullmatch(bare):
        return False
    if bare.startswith(("/", "arn:")) or "://" in bare or "(" in bare:
        return False
    letters = any(map(str.isalpha, bare))
    has_digit = any(map(str.isdigit, bare))
    is_mixed = bare[1:].lower() != bare[1:] and bare.upper() != bare
    return letters and (has_digit or bool(_SYMBOLS.search(bare)) or (is_mixed and bare.isalnum()))
