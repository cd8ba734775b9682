"""The words of the `run-ledger` command for those who run and mend a ledger."""

import argparse

from run_ledger_ops import apps, audit, clients, redrive, rejected, users
from run_ledger_ops.local import command as local


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add them all."""
    for module in (local, users, apps, clients, rejected, redrive, audit):
        module.add_to(commands)
