"""Errors that are the same but for their numbers, ids and quotes share a fingerprint."""

from __future__ import annotations

import hashlib
import re

# From the most to the least specific: what one rule replaces, the next no longer sees.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"https?://\S+"), "<url>"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "<uuid>"),
    (re.compile(r"\b0x[0-9a-f]+\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{8,}\b", re.IGNORECASE), "<hex>"),
    (re.compile(r"'[^']*'|\"[^\"]*\""), "<quoted>"),
    (re.compile(r"(?:/[^\s/:]+){2,}"), "<path>"),
    (re.compile(r"\d+(?:[.,]\d+)*"), "<n>"),
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
