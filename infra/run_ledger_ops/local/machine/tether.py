"""Run a program that must not outlive the process which started it.

    python tether.py STARTER_PID PROGRAM [ARGUMENT…]

On Linux the kernel sends the program SIGTERM when its starter dies, even by SIGKILL. Elsewhere the
program simply runs. This file is run as a script and imports nothing of ours, so that any Python
can run it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its starter, then become the program."""
    starter, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != starter:  # it died before the tie was made
            raise SystemExit(1)
    os.execvp(program[0], program)  # noqa: S606 - to become the program is the purpose


if __name__ == "__main__":
    main()
