"""What stands in quotes in an error's message: a name that tells kinds apart, or a value."""

from __future__ import annotations

import re

from .varying_words import V, keep_digits, words

_QUOTED = re.compile(
    r"(?<![\w\\])[bu]?(?:"
    r"'((?:[^'\\\n]|\\.|(?<=\w)'(?=\w))*+)'(?!\w)"
    r'|"((?:[^"\\]|\\.)*+)"'
    r"|`([^`\n]*+)`"
    r"|“([^“”\n]*+)”|‘([^‘’\n]*+)’(?!\w)"
    r")"
)
_UNCLOSED = re.compile(
    r"(?<![\w\"'`])(?:[\"`“](?=[^\"`“”]{24,}\Z)[^\"`“”]*+|'(?:[^']|(?<=\w)'(?=\w)){40,}+)\Z"
)
_ESCAPED = re.compile(r"\\([\"'\\])")
_DEPTH = 4  # of quotes in quotes
_SEEN_BEFORE, _SEEN_AFTER = 60, 40
_SEEN_OF_CALL = 160
_LONGEST_NAME = 80
_LONGEST_PHRASE = 48

# The value of such a member is told in words, and they are looked at.
_TELLING = (
    r"(?:message|msg|detail|details|desc|description|error_description|errors?|reason|title|status"
    r"|cause|exception|str)"
)
_CODED = (
    r"(?:type|code|error_?code|error_?type|param|field|kind|loc|category|quota\w*|selector|@type)"
)
_TEXT_BEFORE = re.compile(
    rf"(?:['\"]{_TELLING}['\"]\s*:|\b{_TELLING}\s*[:=])\s*\[?\s*\Z", re.IGNORECASE
)
_CODE_BEFORE = re.compile(rf"(?:['\"]{_CODED}['\"]\s*:|\b{_CODED}\s*=)\s*\Z", re.IGNORECASE)
_MEMBER_BEFORE = re.compile(r"['\"]\s*:\s*\Z")
_KEY_BEFORE, _KEY_AFTER = re.compile(r"[{,]\s*\Z"), re.compile(r"\s*:")
_CALL_BEFORE = re.compile(
    r"(?:Error|Exception|Timeout|Warning|Failure|Disconnected|Closed|Aborted|Refused)\([^()]*\Z"
)
_TUPLE_BEFORE = re.compile(r"\A\((?:(?:-?\d+|'\w{1,12}'), )?\Z")
_STATUS = re.compile(r"[1-5]\d\d\b")

_LAST_WORD = re.compile(r"([^\W\d_]+)(?:\(s\)|\(\))?[\s=]*([:]?)[\s(\[]*\Z")
_VALUE_BEFORE = re.compile(
    r"(?:\b(?:base \d+|invalid (?:ur[il]|input|date|number|json|name)"
    r"|(?:country|currency|postal|zip|language|area|promo|product) code):?|\)\s?:)\s*\Z",
    re.IGNORECASE,
)
_PLACE = re.compile(r"[\w-][./:]")  # a host, an address or a path
_TYPES = words(
    "int integer float double number numeric decimal str string text bool boolean bytes list array "
    "tuple set dict map object null none nonetype date datetime time timestamp uuid json xml yaml "
    "any bigint smallint real interval inet"
)
_NAMED = words(
    # what is named after such a word is kept, digits and spaces as well
    "argument arguments parameter parameters param keyword attribute attributes column columns "
    "field fields key keys name property properties member module package library function method "
    "operator class type table view relation schema database constraint index trigger role "
    "permission privilege model models operation action command option flag variable setting "
    "header codec encoding extension format feature label metric collection topic service plugin "
    "provider template macro task stage step required"
)
_NAMED_AFTER = re.compile(
    r"\s*(?:codec|object|column|field|attribute|argument|parameter|property|module|key|is a "
    r"required|is an (?:invalid|unexpected) keyword|(?:is|was) (?:required|missing))\b"
)
_VALUED = words(
    # what stands after such a word is a value
    "value values got received found given literal data string text token entry output "
    "answer answered completion response reply content url uri line character characters "
    "prompt query parse convert was were record records row rows item items document documents "
    "company companies customer customers user users client clients person people product "
    "products order orders contact account tenant city country host worker id ids message said "
    "returned with title valid invalid illegal malformed"
)
_PLACED = frozenset(("host", "url", "uri"))
_VALUED_AFTER = re.compile(
    r"(?:\.{3}|…)?\s*(?:is not (?:a valid|an? (?:valid )?(?:int|float|number|date|member)|valid|"
    r"of type|one of|in the|a number|an integer)|does not match|is too (?:short|long|big|small)|"
    r"value must|does not appear to be|is (?:less|greater|smaller|larger) than|"
    r"(?:could|can) ?not be (?:converted|parsed|read as|cast)|has (?:the )?wrong|"
    r"can't be (?:converted|parsed)|is non-)"
)


def judge_quotes(text: str, depth: int = 0) -> str:
    """Return *text* with the values in quotes left out, and the names in quotes in plain quotes."""
    if depth >= _DEPTH:
        return text
    parts: list[str] = []
    end = 0
    for found in _QUOTED.finditer(text):
        inner = next((group for group in found.groups() if group is not None), "")
        before = text[max(0, found.start() - _SEEN_OF_CALL) : found.start()]
        after = text[found.end() : found.end() + _SEEN_AFTER]
        is_whole = not text[: found.start()].strip() and not after.strip()
        parts += [text[end : found.start()], _judged(inner, before, after, depth, whole=is_whole)]
        end = found.end()
    return "".join(parts) + _UNCLOSED.sub(V, text[end:])


def _judged(inner: str, before: str, after: str, depth: int, *, whole: bool) -> str:
    near = before[-_SEEN_BEFORE:]
    if _is_text(near, before, inner) or (whole and len(inner) > _LONGEST_PHRASE):
        return _text(inner, depth)
    if whole or _CODE_BEFORE.search(near):
        return _named(inner)
    if _KEY_BEFORE.search(near) and _KEY_AFTER.match(after):
        return f"'{inner}'"
    if _MEMBER_BEFORE.search(near) or _is_value(inner, near, after):
        return V
    has_space = any(character.isspace() for character in inner)
    is_short = len(inner) <= (_LONGEST_PHRASE if has_space else _LONGEST_NAME)
    if is_short and (_last_word(near)[0] in _NAMED or _NAMED_AFTER.match(after)):
        return _named(inner)
    return f"'{inner}'" if is_short and not has_space else V


def _is_text(near: str, before: str, inner: str) -> bool:
    """Return whether what is quoted is itself an error's message."""
    return bool(
        _TEXT_BEFORE.search(near)
        or _CALL_BEFORE.search(before)
        or _TUPLE_BEFORE.search(before)
        or _STATUS.match(inner)
    )


def _is_value(inner: str, near: str, after: str) -> bool:
    """Return whether the words around say that *inner* is a value."""
    if _VALUED_AFTER.match(after) or _VALUE_BEFORE.search(near):
        return True
    word, colon = _last_word(near)
    if word in _TYPES and colon:
        return True
    if word in _PLACED and _PLACE.search(inner):
        return False
    return word in _VALUED and inner.lower() not in _TYPES


def _last_word(near: str) -> tuple[str, str]:
    found = _LAST_WORD.search(near)
    return (found[1].lower(), found[2]) if found else ("", "")


def _text(inner: str, depth: int) -> str:
    return f"'{judge_quotes(_ESCAPED.sub(lambda found: found[1], inner), depth + 1)}'"


def _named(inner: str) -> str:
    return f"'{inner if '/' in inner else keep_digits(inner, longest=2)}'"
