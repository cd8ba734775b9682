"""Loopback ports: those asked for, those of the last start, or free ones."""

import socket

from run_ledger_ops.console.exceptions import OpsError

LOOPBACK = "127.0.0.1"


def obstacle(port: int) -> str | None:
    """Say why nobody could listen on this port of the loopback address now; None: one could."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except PermissionError:
            return "needs rights that you don't have"
        except OSError:
            return "is taken by another program"
        return None


def choose(name: str, option: str, wanted: int | None, usual: int, *, avoid: set[int]) -> int:
    """Give the port for a purpose: the wanted one or an error, else the usual one or a free one.

    `wanted` was asked for on the command line, so another would surprise; `usual` is that of the
    last start, or a default.
    """
    if wanted is not None:
        reason = "has another purpose here" if wanted in avoid else obstacle(wanted)
        if reason:
            message = f"Port {wanted} ({name}) {reason}: choose another one with {option}."
            raise OpsError(message)
        return wanted
    if usual not in avoid and obstacle(usual) is None:
        return usual
    while True:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        if port not in avoid:
            return port
