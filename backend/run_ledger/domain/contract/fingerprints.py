"""Fingerprints: failures of one kind share one, which is the key of their error group.

A fingerprint is made of an error's type and its message in a *normal form*: without what varies
between failures of one kind. What is left out is said by a rule, and rules have versions. An entry
keeps the version by which it was taken in, so that a later recount gives the same fingerprint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from . import fingerprint_rule_1, fingerprint_rule_2

NormalForm = Callable[[str, str], str]

FIRST_VERSION = 1
"""The version of entries that name none."""

LATEST_VERSION = 2
"""The version by which new entries are taken in."""

_NORMAL_FORMS: Mapping[int, NormalForm] = {
    1: lambda _, message: fingerprint_rule_1.normalised(message),
    2: fingerprint_rule_2.normalised,
}


def is_known(version: int) -> bool:
    """Return whether there is a rule of this version."""
    return version in _NORMAL_FORMS


def fingerprint(error_type: str, message: str, version: int = LATEST_VERSION) -> str:
    """Return 16 hexadecimal digits for an error, by the rule of this *version*.

    Raises ValueError where there is no such version.
    """
    normal_form = _NORMAL_FORMS.get(version)
    if normal_form is None:
        raise ValueError(f"fingerprint rule {version}; known are {sorted(_NORMAL_FORMS)}")
    seed = f"{error_type}\n{normal_form(error_type, message)}"
    return hashlib.blake2b(seed.encode("utf-8", "replace"), digest_size=8).hexdigest()
