"""The local stack that runs in the current folder: `make run` says in a file how to reach it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from run_ledger.emit.identity import environment

USUAL_FILE = Path(".run-ledger") / "stack.json"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_MOST_BYTES = 100_000


class ReadAccess(Struct, frozen=True):
    """How a program gets a token for the read API."""

    api_url: str
    token_url: str
    machine_client_id: str
    machine_client_secret: str
    scope: str


class StackDocument(Struct, frozen=True):
    """How to reach a local stack, which exists for as long as its file does."""

    event_bus_name: str
    region: str
    aws_endpoint_url: str
    access_key_id: str
    secret_access_key: str
    site_url: str = ""
    api_url: str = ""
    token_url: str = ""
    machine_client_id: str = ""
    machine_client_secret: str = ""
    scope: str = ""

    def target(self, source: str | None) -> environment.BusTarget | None:
        """Return its bus, to which *source* reports, or else whom the environment names."""
        return environment.target(self.event_bus_name, self.region, self.aws_endpoint_url, source)

    @property
    def read_access(self) -> ReadAccess | None:
        """Return how to read from it; None where its file doesn't say so."""
        names = ReadAccess.__struct_fields__
        found = {name: getattr(self, name) for name in names}
        return ReadAccess(**found) if all(found.values()) else None


def find_local_stack() -> StackDocument | None:
    """Return the stack of the file in ``RUN_LEDGER_STACK``, else of the current folder's file.

    Returns None where there is none, where ``RUN_LEDGER_STACK`` is ``off``, and for an address on
    another machine: a file that lies about must not send reports elsewhere. Raises ValueError for
    a file that is something else.
    """
    named = environment.value("STACK")
    if named is not None and named.lower() == "off":
        return None
    file = Path(named) if named else USUAL_FILE
    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES)
        stack = msgspec.json.decode(content, type=StackDocument)
        host = urlsplit(stack.aws_endpoint_url).hostname
    except OSError:
        if named:
            raise ValueError(f"{file}, which RUN_LEDGER_STACK names, can't be read") from None
        return None
    except (msgspec.DecodeError, UnicodeError, ValueError, RecursionError) as error:
        raise ValueError(f"{file} is no stack.json of a local stack ({error})") from None
    if host not in _LOOPBACK:
        raise ValueError(f"{file} names {host}, which is not this machine")
    return stack
