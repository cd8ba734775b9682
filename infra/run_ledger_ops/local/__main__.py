"""Run the local stack: `python -m run_ledger_ops.local --help`, the same as `run-ledger local`."""

import sys

from run_ledger_ops.command import main

if __name__ == "__main__":
    sys.exit(main(["local", *sys.argv[1:]]))
