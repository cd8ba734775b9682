"""The digests that are due when a demo's past has come in: nobody waits for their schedule."""

from collections.abc import Callable
from typing import Any


def ask_for_digests(client: Callable[[str], Any], function_name: str) -> None:
    """Let the digester look now for what is due, as its schedule does every five minutes.

    It sends nothing else, and each digest once, so the schedule finds these done.
    """
    client("lambda").invoke(
        FunctionName=function_name, Qualifier="live", InvocationType="Event", Payload=b"{}"
    )
