"""The `run-ledger` command: one word for each thing to do, each with a help text of its own."""

import argparse
from collections.abc import Sequence

from run_ledger_ops import apps, audit, clients, redrive, rejected, users
from run_ledger_ops.local import command as local


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and give the exit code."""
    parser = argparse.ArgumentParser(
        prog="run-ledger", description="Run, watch and mend a Run Ledger."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    local.add_to(commands)
    users.add_to(commands)
    apps.add_to(commands)
    clients.add_to(commands)
    rejected.add_to(commands)
    redrive.add_to(commands)
    audit.add_to(commands)
    given = parser.parse_args(arguments)
    code: int = given.run(given)
    return code
