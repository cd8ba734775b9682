"""Blanking what looks like a secret in text that leaves the process."""

from __future__ import annotations

import re

_BLANK = "[blanked]"
_MAX_CHARACTERS = 20_000  # of text looked at: an error message is cut far below
_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"credentials?|authorization|auth|signature|sig|cookie|session[_-]?id|client[_-]?secret"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", re.DOTALL
        ),
        _BLANK,
    ),
    (re.compile(r"(?i)\b(bearer|basic|digest)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {_BLANK}"),
    (re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{1,20}://)[^\s/@:]*:[^\s/@]+@"), rf"\1{_BLANK}@"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"), _BLANK),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), _BLANK),
    (
        re.compile(
            r"\b(?:sk|pk|rk)[-_][\w-]{16,}|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}"
            r"|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}|\bAIza[\w-]{30,}|\bhf_\w{20,}"
        ),
        _BLANK,
    ),
    (  # name=value, "name": "value", name: value, --name value
        re.compile(
            rf"(?i)((?:[\"']?(?<![a-z0-9])[\w.-]{{0,40}}?(?:{_NAMES})[\"']?\s*[:=]\s*"
            rf"|--[\w-]{{0,40}}?(?:{_NAMES})[ =]))"
            rf"(?!\[blanked\]|(?:bearer|basic|digest)\s)"
            r"(\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|[^\s,;&\"'}\])]+)"
        ),
        rf"\1{_BLANK}",
    ),
)


def redacted(text: str) -> str:
    """Return *text* with what is obviously a secret blanked: keys, tokens, passwords.

    It recognises names such as ``password=`` and the forms of common keys; other secrets stay.
    """
    text = text[:_MAX_CHARACTERS]
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
