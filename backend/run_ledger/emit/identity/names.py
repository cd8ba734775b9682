"""Foreign names as identifiers of the ledger: any text in, the contract's alphabet out."""

from __future__ import annotations

import hashlib
import re

MAX_LENGTH = 128
_DIGEST_CHARACTERS = 20
_AS_IT_IS = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")
_LOOKS_MADE = re.compile(rf".*-[0-9a-f]{{{_DIGEST_CHARACTERS}}}\Z")
_FOREIGN = re.compile(r"[^A-Za-z0-9._:-]+")


def identifier(name: str) -> str:
    """Return *name* as an identifier: itself where it can be one, else readable with a digest.

    Two names never become one: what is changed ends in a digest of the whole name, and a name that
    happens to look so is given a digest as well.
    """
    if _AS_IT_IS.match(name) and not _LOOKS_MADE.match(name):
        return name
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass")).hexdigest()
    room = MAX_LENGTH - _DIGEST_CHARACTERS - 1
    readable = _FOREIGN.sub("-", name).strip("-")[:room]
    return f"{readable or 'unnamed'}-{digest[:_DIGEST_CHARACTERS]}"
