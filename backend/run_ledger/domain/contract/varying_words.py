"""Words with digits in an error's message: codes and names that stay, numbers and ids that go."""

from __future__ import annotations

import re


def words(text: str) -> frozenset[str]:
    """Return the words of *text*."""
    return frozenset(text.split())


V = "<v>"
"""Stands in a normal form for whatever varies; numbers and ids look alike, as an id may be one."""

TELLING_KEY = re.compile(
    r"(?i)\b(?:message|msg|error|errors|code|type|status|reason|detail|required|title|selector)['\"]?\s*[:=]"
)

# Digits that a later step is to keep lie in a private range of Unicode until the end.
_KEPT = {ord("0") + number: chr(0xE000 + number) for number in range(10)}
_BACK = {ord(kept): chr(digit) for digit, kept in _KEPT.items()}
_DIGITS = re.compile(r"\d+")

# Words with a digit in them, and such of sixteen letters; numbers keep their separators.
_WORD = re.compile(
    r"(?<![^\W_])(?=[^\W\d_]*+\d|[^\W_]{16})"
    r"(?:(?:0[xX][0-9a-fA-F]++|\d++(?:[.,]\d++){0,8}+(?:[eE][-+]?\d++)?)(?![^\W_])|[^\W_]++)"
)
_SEEN = 32
_CODE_BEFORE = re.compile(
    r"(?:(?<![a-z])(?:status|status_?code|http(?:/[\d.]+)?|code|errno|error|err|sqlstate|sqlcode"
    r"|signal|signals\.\w+|exitcode|hresult|winerror)['\"]?[\s:=#(\['\"]{1,4}-?"
    r"|(?:error|exception|exit|disconnected)\(-?|\berrno -?|->\s*|=>\s*"
    r"|(?<![a-z])(?:ora|pls|tns|dpy|dpi|sp2|sql|db2|ibm)-)\Z",
    re.IGNORECASE,
)
_ANSWER_BEFORE = re.compile(
    r"\b(?:returned|returns|got|answered|responded|response|received|with)\W{1,3}\Z", re.IGNORECASE
)
_STARTS = re.compile(r"(?:\A|[\n'\"])\s*\(?\Z")
_HTTP = re.compile(r"[1-5]\d\d")
_REASON = re.compile(
    r"[\s,:]{1,2}(?:client error|server error|error|ok\b|bad request|unauthori[sz]ed|payment|"
    r"forbidden|not found|method not|not accept|proxy auth|request time|conflict|gone|length|"
    r"precondition|payload|request|uri|unsupported|range|expectation|i'm a tea|misdirected|"
    r"unprocessable|locked|failed|too many|internal|not implemented|bad gateway|service|gateway|"
    r"(?-i:[A-Z]{3,}_?[A-Z]))",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\s*(?:%|of\b|out\b|(?:[a-z]+ )?(?:rows?|records?|items?|files?|bytes?|jobs?|tasks?|documents?"
    r"|tests?|messages?|requests?|failures?|validation|pages?|warnings?|lines?|chars?|characters?"
    r"|tokens?|times|retries|tries|attempts?|seconds?|errors|columns?|fields?|values?|elements?"
    r"|chunks?|batch(?:es)?|users?|companies|people|products?|orders?)\b)"
)
_VENDOR_CODE = re.compile(r"\s*(?:\((?:\d{2}[0-9A-Z]{3}|[A-Z]{2}\d{3}|[A-Z]\d{4})\)|, ['\"])")
_SQLSTATE = re.compile(r"\d{2}[0-9A-Z]{3}|[A-Z]{2}\d{3}|[A-Z]\d{4}")
_ENCLOSED_BEFORE, _ENCLOSED_AFTER = re.compile(r"[(\['\"]\Z"), re.compile(r"[)\]'\"]")
_AFTER_NUMBER = re.compile(r"\d\s\(\Z")
_PREFIXED_CODE = re.compile(r"(?:AADSTS|PGRST|ERR|TS|CS|SQL|E|HV|MSB|NU|LNK)\d{3,6}[A-Z]?")

_HEX = re.compile(r"[0-9a-fA-F]{8,}")
_LETTERS_DIGITS = re.compile(r"([^\W\d_]+)(\d+)")
_FAMILIAR = words(
    "utf8mb4 base64url x509 h264 h265 k8s i18n l10n ec2 p50 p90 p95 p99 oauth2 s3a s3n b64"
)
_VERSIONED = re.compile(r"[vVqQ][0-9]|[sS]3|[hH][12]")
_WIDTHS = frozenset(("128", "256", "384", "512"))
_VOWEL = re.compile(r"[aeiouyAEIOUY]")
_INSTANCES = words(
    "node worker host task thread job shard part partition chunk row rank gpu cuda executor pod "
    "ip broker replica core process pid stage step page batch item record user file tmp attempt "
    "id order customer company person client sku invoice line col column pool server instance "
    "machine slot queue run session request message document doc image img video url test"
)
RECORDS = (
    r"(?:record|row|item|order|customer|company|person|client|sku|invoice|document|doc|user|id"
    r"|job|task|run|product|account|contact|tenant|image)"
)
"""Words before what names one record of many."""
_RECORD_BEFORE = re.compile(
    rf"\b{RECORDS}[\s:#=]{{1,2}}(?:[A-Za-z]{{1,12}}[-_])?\Z",
    re.IGNORECASE,
)
_MACHINE_BEFORE = re.compile(
    r"\b(?:worker|pod|node|host|instance|container|executor|broker)[\s:#=]{1,2}"
    r"(?:[A-Za-z]{1,12}[-_]){0,3}\Z",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"[A-Za-z]{1,12}[-_]\Z")
_CHUNK = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_MOST_CHANGES = 0.27  # chunks a character: in camel case below 0.22, in random letters above 0.3
_LONGEST_PLAIN = 3


def keep_digits(text: str, longest: int = 99) -> str:
    """Return *text* with its groups of at most *longest* digits marked as belonging to a name."""
    return _DIGITS.sub(
        lambda found: found[0].translate(_KEPT) if len(found[0]) <= longest else found[0], text
    )


def restored(text: str) -> str:
    """Return *text* with the marks of `keep_digits` taken away."""
    return text.translate(_BACK)


def judge_words(text: str) -> str:
    """Return *text* with the numbers and ids in it replaced by `V`."""
    parts: list[str] = []
    end = 0
    for found in _WORD.finditer(text):
        word = found[0]
        start, stop = found.span()
        before = text[max(0, start - _SEEN) : start]
        judged = _judged(word, before, text[stop : stop + _SEEN])
        head = text[end:start]
        if not word.isalpha() and _MACHINE_BEFORE.search(before):
            judged = V
        elif judged == V and _RECORD_BEFORE.search(before):
            head = _PREFIX.sub("", head)
        if judged == word:
            continue
        parts += [head, judged]
        end = stop
    return "".join((*parts, text[end:]))


def _judged(word: str, before: str, after: str) -> str:
    if not any(character.isdigit() for character in word):
        return V if _is_random(word) else word
    if _is_code(word, before, after):
        return word
    if word[0].isdigit() and (word.isdigit() or not word.isalnum() or word[:2] in ("0x", "0X")):
        return V
    return _judged_mixture(word)


def _is_code(word: str, before: str, after: str) -> bool:
    """Return whether a word with digits is a code, which tells kinds of errors apart."""
    if _COUNTED.match(after):
        return False
    if _CODE_BEFORE.search(before) or _PREFIXED_CODE.fullmatch(word):
        return True
    if (
        _SQLSTATE.fullmatch(word)
        and _ENCLOSED_BEFORE.search(before)
        and _ENCLOSED_AFTER.match(after)
    ):
        return not word.isdigit() or bool(_AFTER_NUMBER.search(before))
    starts = bool(_STARTS.search(before))
    if starts and word.isdigit() and _VENDOR_CODE.match(after):
        return True
    return bool(
        _HTTP.fullmatch(word)
        and (_REASON.match(after) or _ANSWER_BEFORE.search(before) or (starts and word[0] in "45"))
    )


def _judged_mixture(word: str) -> str:
    """Return what stays of a word of letters and digits: all of it, its letters, or nothing."""
    if word.lower() in _FAMILIAR or _VERSIONED.fullmatch(word):
        return word
    if _HEX.fullmatch(word):
        return V
    found = _LETTERS_DIGITS.fullmatch(word)
    if found is None:
        return word if word[0].isdigit() and len(word) <= _LONGEST_PLAIN else V
    letters, digits = found.groups()
    if letters.lower() in _INSTANCES:
        return f"{letters}{V}"
    if len(letters) > 1 and (len(digits) <= 2 or digits in _WIDTHS):  # noqa: PLR2004 - int64
        return word
    is_a_word = len(letters) > _LONGEST_PLAIN and _VOWEL.search(letters)
    return f"{letters}{V}" if is_a_word else V


def _is_random(word: str) -> bool:
    return len(_CHUNK.findall(word)) > _MOST_CHANGES * len(word)
