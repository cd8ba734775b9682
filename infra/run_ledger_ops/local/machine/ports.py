"""Loopback ports: those asked for, those of the last start, or free ones."""

import socket

from run_ledger_ops.console.exceptions import OpsError

LOOPBACK = "127.0.0.1"


def obstacle(port: int) -> str | None:
    """Return why a program can't listen on this loopback port now; None where it can."""
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
    """Return *wanted*, the port from the command line, or else *usual* or a free port.

    *usual* is the port of the last start, or a default. Raises OpsError where *wanted* is taken.
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
