"""Foreign names as identifiers of the ledger: any text in, the contract's alphabet out."""

from __future__ import annotations

import hashlib
import re

from run_ledger.domain.contract.vocabulary import is_identifier

MAX_LENGTH = 128
_DIGEST_CHARACTERS = 20
_LOOKS_MADE = re.compile(rf".*-[0-9a-f]{{{_DIGEST_CHARACTERS}}}\Z")
_FOREIGN = re.compile(r"[^A-Za-z0-9._:-]+")


def to_identifier(name: str) -> str:
    """Return *name* as an identifier: unchanged if it is one, else a readable part and a digest.

    Two names never become one: the digest is that of the whole name, and a name that happens to end
    like a digest gets another one. For example ``"a/b"`` becomes ``"a-b-"`` and 20 hex digits.
    """
    if is_identifier(name) and not _LOOKS_MADE.match(name):
        return name
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass")).hexdigest()
    room = MAX_LENGTH - _DIGEST_CHARACTERS - 1
    readable = _FOREIGN.sub("-", name).strip("-")[:room]
    return f"{readable or 'unnamed'}-{digest[:_DIGEST_CHARACTERS]}"
