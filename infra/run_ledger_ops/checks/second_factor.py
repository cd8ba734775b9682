"""Whether people are asked for a second factor when they sign in."""

from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.console.target import Target

_PART = "second factor"
_NOBODY = "nobody is asked for one: `run-ledger deploy` with Mfa=ON asks everybody"


def second_factor(system: Target) -> Finding:
    """Return what the stage's parameter Mfa comes to; a local stack is never asked to have one."""
    mfa = system.parameters.get("Mfa", "OFF")
    figures = {"mfa": mfa}
    if mfa == "ON":
        return Finding(_PART, Level.WELL, "everybody is asked for one", figures)
    if system.endpoint_url is not None:
        return Finding(
            _PART, Level.WELL, "nobody is asked for one, as this is a local AWS", figures
        )
    if mfa == "OPTIONAL":
        words = f"only those whom a program has set up are asked; otherwise {_NOBODY}"
        return Finding(_PART, Level.LOOK, words, figures)
    return Finding(_PART, Level.LOOK, _NOBODY, figures)
