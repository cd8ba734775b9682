"""Errors that are the same but for their numbers, ids and quotes share a fingerprint."""

from __future__ import annotations

import hashlib
import re

# From the most to the least specific: what one rule replaces, the next no longer sees. Numbers and
# ids become the same, as an id may be all digits by chance. A word here is letters and digits: in
# job_3f2a9c1b the id begins after the underscore. An apostrophe inside a word opens no quote.
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
    """Return *message* with what varies between occurrences of one error taken out."""
    for pattern, replacement in _RULES:
        message = pattern.sub(replacement, message)
    return message.strip().lower()


def fingerprint(error_type: str, message: str) -> str:
    """Return 16 hexadecimal digits that stand for the error's type and normalised message."""
    seed = f"{error_type}\n{normalised(message)}"
    return hashlib.blake2b(seed.encode(), digest_size=8).hexdigest()
