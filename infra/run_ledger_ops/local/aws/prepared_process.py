"""Import functions' code once, and fork workers from it.

    python prepared_process.py FOLDER SOCKET ROOM

A worker that imports the code itself takes a second and 44 MB; one that is forked takes
milliseconds, and shares most of that memory. This process has one thread and opens no connection,
so that a fork of it is like a new process that has already imported. It ends when the local AWS
does, as the other end of its socket then closes. It is run as a script and imports nothing of ours
but the functions' code. Linux alone has what it uses.

A request is JSON, with the ends of the worker's three pipes; the answer comes with a handle by
which one learns of the worker's end. An answer without one says that no worker was made.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from pathlib import Path
from typing import Any

ROOM_FOR_NAMES = 512
"""Bytes of the last argument, which makes room for a worker's own command line."""
LONGEST_REQUEST = 1 << 17
_STANDARD_STREAMS = 3
_SERVICE = "dynamodb"  # which all functions ask


def main() -> None:
    """Fork a worker for each request; in the worker, run the program that it asks for."""
    code, descriptor = sys.argv[1:3]
    sys.path[0] = code  # in place of this script's own folder
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets workers that have ended
    with socket.socket(fileno=int(descriptor)) as requests:
        program = _serve(requests)
    if program is not None:
        _become(program)


def _serve(requests: socket.socket) -> dict[str, Any] | None:
    """Answer requests to the end; return in a worker alone, with what it shall be."""
    prepared: set[str] = set()
    while True:
        message, streams, _, _ = socket.recv_fds(
            requests, LONGEST_REQUEST, _STANDARD_STREAMS, socket.MSG_CMSG_CLOEXEC
        )
        if not message:
            return None
        program: dict[str, Any] = json.loads(message)
        if program["module"] not in prepared:
            prepared.add(program["module"])
            _prepare(program["module"])
        worker = os.fork()
        if worker == 0:
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
        for stream in streams:
            os.close(stream)
        if worker == 0:
            return program
        _answer(requests, worker)


def _prepare(module: str) -> None:
    """Import a function's module and make a client, so that all that clients need is loaded.

    How often a module lets garbage be collected while it starts is no affair of other functions.
    """
    usual = gc.get_threshold()
    gc.disable()
    with contextlib.suppress(Exception):  # the worker itself says what is wrong with its code
        importlib.import_module(module)
        _load_client_parts()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*usual)
    gc.enable()


def _load_client_parts() -> None:
    session: Any = importlib.import_module("botocore.session")
    loaders: Any = importlib.import_module("botocore.loaders")
    if getattr(session.create_loader, "is_shared", False):
        return
    loader = loaders.create_loader()

    def shared(search_path: str | None = None) -> Any:
        return loaders.create_loader(search_path) if search_path else loader

    shared.is_shared = True  # type: ignore[attr-defined]
    session.create_loader = shared
    keys = {"aws_access_key_id": "-", "aws_secret_access_key": "-"}
    session.get_session().create_client(_SERVICE, region_name="eu-central-1", **keys).close()


def _answer(requests: socket.socket, worker: int) -> None:
    try:
        handle = os.pidfd_open(worker)
    except OSError:
        requests.send(b"{}")
        return
    try:
        socket.send_fds(requests, [json.dumps({"pid": worker}).encode()], [handle])
    finally:
        os.close(handle)


def _become(program: dict[str, Any]) -> None:
    """Run a script in this process as if it had been started with its environment and folder."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(program["environment"])
    os.chdir(program["folder"])
    script = program["script"]
    _rename(sys.executable, script)
    sys.argv = [script]
    sys.path[0] = str(Path(script).parent)
    runpy.run_path(script, run_name="__main__")


def _rename(*words: str) -> None:
    """Show these words as the command line of this process, in the room of the old one."""
    start, end = map(int, Path("/proc/self/stat").read_text().rpartition(")")[2].split()[45:47])
    line = b"\0".join(map(os.fsencode, words))[: end - start - 1]
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, line, len(line))


if __name__ == "__main__":
    main()
