r"""Rule 2 of fingerprints: what varies between failures of one kind is left out, names are kept.

It works in steps, each on what the one before has left:

1. *Telling lines*: of a program's output the last line that tells of an error; of a traceback the
   exception.
2. *Sections* that only repeat what was at work: statements, parameters, headers, hints, HTML.
3. *Shapes* that always vary: times, ids, addresses, durations, sizes.
4. *Data*: dictionaries and objects none of whose keys tells of an error.
5. *Quotes*: names stay, values go, texts inside of texts are treated like texts. The words before
   and after decide, see `quoted_values`.
6. *Words with digits*: numbers and ids go; codes (status, errno, SQLSTATE) and names (int64) stay.

``Timeout after 31 s`` and ``Timeout after 5 s`` both become ``timeout after <v>``. Every pattern
takes time in proportion to the text's length: repetitions are possessive, bounded, or begin at a
mark that ends them.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .quoted_values import judge_quotes
from .varying_words import RECORDS, TELLING_KEY, V, judge_words, keep_digits, restored

_HALF = 8_192  # characters of a very long message that are looked at, from either end
_PROGRAM = re.compile(r"ExitCode\d+|SIG[A-Z0-9]+|Timeout|exit code \d+", re.IGNORECASE)
_TELLING_LINE = re.compile(
    r"\b(?:error|fatal|panic|exception|critical|failed|failure|cannot|can't|could not|denied|"
    r"not found|no such|killed|abort(?:ed)?|out of memory|refused|invalid|unable)\b",
    re.IGNORECASE,
)
_TRACEBACK = "Traceback (most recent call last)"
_FRAMES = re.compile(r"\n[ \t]*+(?:at |\.\.\. \d++ more|File \"|goroutine )[^\n]*+")


class _Rule(NamedTuple):
    """What is replaced, in texts in lower case that hold one of the *marks*: others are quick."""

    marks: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str


_DIGIT = tuple("0123456789")
_SECTIONS: tuple[_Rule, ...] = (
    _Rule(
        (
            "<html",
            "<!doctype",
        ),
        re.compile(
            r"(?i)(?:<!doctype |<html\b)(?:(?!<title\b|<html\b)[\s\S])*+(<title\b[^<]*+)[\s\S]*+"
        ),
        r"\1",
    ),
    # SQLAlchemy, PostgreSQL, Spark: the statement and its values
    _Rule(("\n[",), re.compile(r"\n\[(?:SQL|parameters): [^\n]*+"), ""),
    _Rule(("(background on",), re.compile(r"\(Background on this error at: [^)\n]*+\)"), ""),
    _Rule(("\nline ",), re.compile(r"\nLINE \d++: [^\n]*+(?:\n[ \t]*+\^)?"), ""),
    _Rule(("\nhint: ", "\nhelp: "), re.compile(r"\n(?:HINT|Help): [^\n]*+"), ""),
    _Rule(("failing row",), re.compile(r"\bFailing row contains \([^\n]*+"), ""),
    _Rule(("key (",), re.compile(r"(\bKey \([^()\n]{1,200}\))=\([^\n]{0,300}?\)(?= \w)"), r"\1"),
    # pydantic, jsonschema, parsers of models' output: the value that was judged
    _Rule(
        ("input_value=",),
        re.compile(r"\binput_value=[^\n]*?(?=, input_type=|\n|\Z)"),
        f"input_value={V}",
    ),
    _Rule(("\non instance",), re.compile(r"\nOn instance(?:\[[^\n:]*+)?:\s[\s\S]*+"), ""),
    _Rule(
        ("from completion",),
        re.compile(r"\b(from completion )[^\n]*?(?=\. Got: |\n|\Z)"),
        rf"\1{V}",
    ),
    _Rule(
        (
            "output",
            "completion",
            "generation",
            "answer",
            "reply",
            "prose",
            "instead of json",
        ),
        re.compile(
            r"\b((?:outputs?|completion|generation|answer|reply|prose|instead of JSON)\b"
            r"(?: (?:of|from|by) [\w./:-]{1,60}?)?\s?:\s++)(?!<title|\d{3}\b|\{)(?=\S)[\s\S]++",
            re.IGNORECASE,
        ),
        rf"\1{V}",
    ),
    _Rule(
        ("json",),
        re.compile(
            r"\b((?:not|no|isn't|bad|malformed)(?: valid)? JSON\s?:\s++)(?!line|expect|unexp|eof"
            r"|miss|trail|inval|unterm|extra)[\s\S]++",
            re.IGNORECASE,
        ),
        rf"\1{V}",
    ),
    _Rule(
        (
            "got",
            "received",
            "said",
            "answered",
            "replied",
        ),
        re.compile(
            r"\b((?:got|received|said|answered|replied)\s?:\s)(?!\d)[^\s'\"`]++ [\s\S]++",
            re.IGNORECASE,
        ),
        rf"\1{V}",
    ),
    _Rule(
        (
            "unable to parse",
            "unexpected token",
        ),
        re.compile(r"(?i)\b(unable to parse|unexpected token)(:? )(?!')[^\s,]++"),
        rf"\1\2{V}",
    ),
    _Rule((", value: ",), re.compile(r"(?i)(, value: )[^\n]{0,300}?(?=, type: )"), rf"\1{V}"),
    # what a filter of content has judged
    _Rule(
        ("content_filter_result",),
        re.compile(r"(['\"]content_filter_results?['\"]:\s?)\{(?:[^{}]++|\{[^{}]*+\})*+\}"),
        rf"\1{V}",
    ),
    # a row with too many columns, as readers of CSV repeat it
    _Rule(
        ("expected",),
        re.compile(r"(?i)(\bexpected \d++ \w{1,20}, (?:got|saw|found) \d++): [^\n]++"),
        r"\1",
    ),
    # hints and places of documents
    _Rule(
        ("://",),
        re.compile(r"(?i)\bfor (?:further|more|troubleshooting)[\w ,]{0,40}: ?+https?://\S++"),
        "",
    ),
    _Rule(
        ("://",),
        re.compile(r"(?i)\bfor (?:further|more) information[\w ,]{0,20} https?://\S++"),
        "",
    ),
    _Rule(("perhaps you meant",), re.compile(r"(?i)\bperhaps you meant [^\n]++"), ""),
    _Rule(("max retries:",), re.compile(r" \(reached max retries: \d++\)"), ""),
    # what only the wire knows
    _Rule(("http response headers",), re.compile(r"(?i)\bHTTP response headers: [^\n]*+"), ""),
    _Rule(("debug_error_string",), re.compile(r"\bdebug_error_string = [^\n]*+"), ""),
)

_UNIT = (
    r"(?:ns|us|µs|μs|ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?"
    r"|[kmgtp]i?b|[kmgtp]i?bytes?|bytes?|b)"
)
_NUMBER = r"\d++(?:[.,]\d++){0,4}+"
_IPV4 = r"\d{1,3}(?:\.\d{1,3}){3}"
_IPV6 = (
    r"[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}"
    r"|(?=[0-9a-f:]{0,45}\d|::)(?=[0-9a-f:]{0,45}::)[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}"
)
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # of the random ends of names in Kubernetes
_MODELS = (
    r"gpt|chatgpt|claude|gemini|gemma|llama|mi[sx]tral|codestral|nova|titan|command|qwen|deepseek"
    r"|grok|phi|embed|text-embedding|whisper|dall-e"
)
_SHAPES: tuple[_Rule, ...] = (
    # One without a query is taken, too, and stays: else each "://" in it is begun at anew.
    _Rule(("://",), re.compile(r"\b(\w++://[^\s?#'\"<>)\]]*+)(?:[?#][^\s'\"<>)\]]*+)?+"), r"\1"),
    _Rule(("?",), re.compile(r"(?<![\w?/])(/[\w./%~+:@-]{1,200}+)\?[^\s'\"<>)\]]*+"), r"\1"),
    _Rule(
        ("-packages/",),
        re.compile(r"(?<![^\s'\"():=])(?:[^\s'\"():=/]*+/)+?(?=(?:site|dist)-packages/)"),
        f"{V}/",
    ),
    _Rule(
        _DIGIT,
        re.compile(
            rf"{_START}[0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}{_END}", re.IGNORECASE
        ),
        V,
    ),
    _Rule(
        ("id",),
        re.compile(
            r"(?i)\b((?:request|trace|correlation|span|host|query|connection|session|transaction"
            r"|ray|invocation|audit|operation)[ _-]?id)(['\"]?\s?[:=]?\s?['\"]?)"
            r"(?=[^\s,;)'\"\]}]*[\d+/=-])[^\s,;)'\"\]}]++"
        ),
        rf"\1\2{V}",
    ),
    _Rule(
        ("arn:aws",),
        re.compile(r"(arn:aws[\w-]*+:sts::)\d*+(:assumed-role/[\w+=,.@-]++)/[\w+=,.@-]++"),
        r"\1\2",
    ),
    _Rule(("@",), re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]++(?:\.[\w-]++)++"), V),
    _Rule(
        _DIGIT,
        re.compile(
            rf"{_START}\d{{4}}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d++)?)?"
            rf"(?:Z|[+-]\d\d:?\d\d)?)?{_END}"
        ),
        V,
    ),
    _Rule(
        _DIGIT,
        re.compile(
            r"\b(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?(?:\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul"
            r"|Aug|Sep|Oct|Nov|Dec)|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d)"
            r",? (?:\d{4} )?\d\d:\d\d:\d\d(?: \d{4})?(?: (?:GMT|UTC|[+-]\d{4}))?"
        ),
        V,
    ),
    _Rule(_DIGIT, re.compile(rf"(?<![\w.]){_IPV4}(?:/\d++|:\d++)?(?!\w|\.\d)"), V),
    _Rule(
        ("[",), re.compile(r"\[(?=[0-9a-f.]{0,45}:)[0-9a-f:.]{3,45}\](?::\d++)?", re.IGNORECASE), V
    ),
    _Rule((":",), re.compile(rf"(?<![\w:.])(?:{_IPV6})(?![\w:])", re.IGNORECASE), V),
    _Rule(
        ("-",),
        re.compile(rf"-(?:[{_ALPHABET}]{{6,10}}|\d{{8,10}})-[{_ALPHABET}]{{5}}{_END}"),
        f"-{V}",
    ),
    _Rule(
        ("***",), re.compile(r"(?<![\w-])[\w-]*+\*{3,}+[\w-]*+"), V
    ),  # a key that somebody else has blanked
    _Rule(("org-",), re.compile(rf"{_START}org-[A-Za-z0-9]{{6,}}+"), f"org-{V}"),
    _Rule(("tmp",), re.compile(rf"{_START}tmp[a-z0-9_]{{8}}{_END}"), V),
    _Rule(
        _DIGIT,
        re.compile(r"(?<![\w:.])\d{1,3}:\d\d(?::\d\d(?:\.\d++)?)?(?:\s?[AaPp]M)?(?![\w:])"),
        V,
    ),
    _Rule(
        _DIGIT,
        re.compile(
            rf"(?<![^\W_])[-+]?{_NUMBER}\s?{_UNIT}(?:\s?{_NUMBER}\s?{_UNIT})*+{_END}", re.IGNORECASE
        ),
        V,
    ),
)
_NAME_WITH_DIGITS = re.compile(
    rf"{_START}(?:(?:{_MODELS})[-.:@][a-z0-9][-a-z0-9.:@]*+"
    r"|utf-(?:8|16|32)(?:-[a-z]+)?|iso-?8859-\d{1,2}|latin-?\d|windows-\d{4}|cp\d{3,4}|sha-\d{1,3})",
    re.IGNORECASE,
)
_MEMBER_DATA = re.compile(
    r"(['\"](?:input|data|row|record|payload|params|parameters|instance|item|values?)['\"]:\s?)"
    r"(\{[^{}]{0,1000}\})"
)
_OBJECT = re.compile(r"\b([A-Z]\w*+)\((?=\w++=)([^()\n]{0,600})\)|<([A-Z]\w*+): ([^<>\n]{1,300})>")
_OBJECT_OF_ERROR = re.compile(r"(?:Error|Exception|Pool|Connection|Timeout|Response|Request)\Z")

_LISTED = re.compile(rf"{V}(?:\s?(?:[,:/x.|-]|and)\s?{V})++")
_ONE_IN_TUPLE = re.compile(rf"{V},(?=\s?\))")
_RECORD_ID = re.compile(  # AB-17-X
    rf"(?i)(\b{RECORDS}[\s:#=]{{1,2}}{V})(?:[-_](?:{V}|[a-z]{{1,4}}(?![^\W_])))++(?![\w-])"
)
_PLURAL = re.compile(rf"({V} [^\W\d_]{{2,}}?)s\b")
_SIGNED = re.compile(rf"(?<![\w>])[-+]{V}")


def normalised(error_type: str, message: str) -> str:
    """Return *message* without what varies between failures of one kind, in lower case."""
    text = message.strip()
    if len(text) > 2 * _HALF:
        text = f"{text[:_HALF]} {text[-_HALF:]}"
    text = _telling(error_type, text)
    text = _applied(_SECTIONS, text)
    text = _NAME_WITH_DIGITS.sub(lambda found: keep_digits(found[0]), text)
    text = _applied(_SHAPES, text)
    text = judge_words(judge_quotes(_without_data(text)))
    text = _LISTED.sub(V, _ONE_IN_TUPLE.sub(V, _SIGNED.sub(V, text)))
    text = _PLURAL.sub(r"\1", _LISTED.sub(V, _RECORD_ID.sub(r"\1", text)))
    return " ".join(restored(text).lower().split())


def _applied(rules: tuple[_Rule, ...], text: str) -> str:
    seen = text.lower()
    for marks, pattern, replacement in rules:
        if any(mark in seen for mark in marks):
            text = pattern.sub(replacement, text)
    return text


def _telling(error_type: str, text: str) -> str:
    """Return the lines of *text* that say what went wrong."""
    if "\n" not in text:
        return text
    if _TRACEBACK in text:
        lines = text[text.rindex(_TRACEBACK) :].split("\n")[1:]
        told = [line for line in lines if line[:1].strip()]
        return "\n".join(told) or text
    if _PROGRAM.fullmatch(error_type):
        lines = [line for line in text.split("\n") if line.strip()]
        return next((line for line in reversed(lines) if _TELLING_LINE.search(line)), lines[-1])
    return _FRAMES.sub("", text)


def _without_data(text: str) -> str:
    """Return *text* without the data in braces and in objects that tell of no error."""
    text = _OBJECT.sub(_object, _MEMBER_DATA.sub(_member, text))
    parts: list[str] = []
    depth, begin, end = 0, 0, 0
    for found in re.finditer(r"[{}]", text):
        if found[0] == "{":
            depth += 1
            if depth == 1:
                begin = found.start()
        elif depth:
            depth -= 1
            if depth == 0:
                held = text[begin : found.end()]
                is_data = any(mark in held for mark in ":=,") and not TELLING_KEY.search(held)
                parts += [text[end:begin], V if is_data else held]
                end = found.end()
    return "".join((*parts, text[end:]))


def _member(found: re.Match[str]) -> str:
    return found[0] if TELLING_KEY.search(found[2]) else f"{found[1]}{V}"


def _object(found: re.Match[str]) -> str:
    """Return an object as a program writes it, such as ``Company(name='Acme')``, by its class."""
    name, held = (found[1], found[2]) if found[1] else (found[3], found[4])
    if _OBJECT_OF_ERROR.search(name) or TELLING_KEY.search(held):
        return found[0]
    return f"{name}({V})" if found[1] else f"<{name}: {V}>"
