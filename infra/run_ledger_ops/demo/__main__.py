"""Run the demo: `python -m run_ledger_ops.demo --help`."""

import sys

from run_ledger_ops.demo.command_line import main

if __name__ == "__main__":
    sys.exit(main())
