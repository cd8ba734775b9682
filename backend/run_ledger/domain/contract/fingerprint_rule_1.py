"""Rule 1 of fingerprints, for entries of earlier versions: it never changes.

Errors that differ only in numbers, ids and quotes have the same normal form.
"""

from __future__ import annotations

import re

# The rules run from the most to the least specific, each on what the one before has left. Numbers
# and ids become the same text, as an id may be all digits by chance. A word here is letters and
# digits: in job_3f2a9c1b the id begins after the underscore. An apostrophe in a word is no quote.
_START, _END = r"(?<![0-9A-Za-z])", r"(?![0-9A-Za-z])"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"https?://[^\s'\"<>]+"), "<url>"),
    (re.compile(f"{_START}{_UUID}{_END}", re.IGNORECASE), "<n>"),
    (re.compile(rf"{_START}0x[0-9a-f]+{_END}", re.IGNORECASE), "<n>"),
    (re.compile(r"(?<!\w)[-+]?\d++(?:[.,]\d++)*+(?:e[-+]?\d++)?+(?!\w)", re.IGNORECASE), "<n>"),
    (re.compile(rf"{_START}(?=[a-f]*[0-9])[0-9a-f]{{8,}}{_END}", re.IGNORECASE), "<n>"),
    (re.compile(rf"{_START}(?=[a-z]*[0-9])[0-9a-z]{{20,}}{_END}", re.IGNORECASE), "<n>"),
    (re.compile(r"(?<!\w)[bu]?'[^']*'(?!\w)|\"[^\"]*\""), "<quoted>"),
    (re.compile(r"(?:/[^\s/:]+){2,}"), "<path>"),
    (re.compile(r"(?:(?<!\w)[-+])?\d+(?:[.,]\d+)*"), "<n>"),
    (re.compile(r"\s+"), " "),
)


def normalised(message: str) -> str:
    """Return *message* without what varies between errors with the same cause.

    ``Timeout after 31 s`` and ``Timeout after 5 s`` both become ``timeout after <n> s``.
    """
    for pattern, replacement in _RULES:
        message = pattern.sub(replacement, message)
    return message.strip().lower()
