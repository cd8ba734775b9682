"""Foreign names as identifiers of the ledger: any name in, the contract's alphabet out.

**What is promised.** A name that is an identifier already stays itself, so what was made here can
be passed on and comes to the same job again. Any other name becomes a readable part and a digest of
the whole name, always the same one. So no two names meet in one identifier, but for a name that
somebody makes by hand of another one's readable part and digest: it names that other one, as its
author meant. What keeps strangers apart is not the form of an id: the ledger takes no event for a
job of another client.
"""

from __future__ import annotations

import hashlib
import re

from run_ledger.domain.contract.vocabulary import is_identifier

MAX_LENGTH = 128
_DIGEST_CHARACTERS = 20
_FOREIGN = re.compile(r"[^A-Za-z0-9._:-]+")


def to_identifier(*parts: object) -> str:
    """Return the identifier of a name, or of a name in several *parts*, joined by colons.

    It stays as it is if it is an identifier, else it is a readable part and a digest: ``"a/b"``
    becomes ``"a-b-"`` and 20 hexadecimal digits, ``42`` and ``"42"`` both become ``"42"``. As many
    other parts never become the same identifier: a colon in a later part counts as foreign.
    """
    texts = [text_of(part) for part in parts]
    joined = ":".join(texts)
    if is_identifier(joined) and not any(":" in later or not later for later in texts[1:]):
        return joined
    seed = joined if len(texts) == 1 else "".join(f"{len(text)}:{text}" for text in texts)
    digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass")).hexdigest()
    room = MAX_LENGTH - _DIGEST_CHARACTERS - 1
    readable = _FOREIGN.sub("-", joined).strip("-")[:room]
    return f"{readable or 'unnamed'}-{digest[:_DIGEST_CHARACTERS]}"


def named(name: object) -> str | None:
    """Return the identifier of a *name*; None for no name, which an empty one is, too."""
    text = "" if name is None else text_of(name)
    return to_identifier(text) if text else None


def text_of(name: object) -> str:
    """Return a *name* as text: what bytes hold, and of any other object what ``str`` says."""
    if isinstance(name, str):
        return str.__str__(name)  # a member of an enumeration says its value
    if isinstance(name, (bytes, bytearray)):
        return bytes(name).decode("utf-8", "surrogateescape")
    try:
        return str(name)
    except Exception:  # noqa: BLE001 - a pipeline's object may be broken in any way
        return f"{type(name).__name__} without text"
