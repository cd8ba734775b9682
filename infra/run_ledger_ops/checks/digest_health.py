"""Who gets digests, and who has switched them off."""

import msgspec

from run_ledger_ops.checks.digest_standings import digest_standings
from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.console.target import Target

_MOST_NAMED = 3


def digests(system: Target) -> Finding:
    """Return how many addresses get digests, and which have switched them off, since when."""
    standings = digest_standings(system)
    addresses = [(one, each) for one in standings for each in one.addresses]
    off = [(one, each) for one, each in addresses if each.switched_off_at is not None]
    off.sort(key=lambda pair: pair[1].switched_off_at or "", reverse=True)
    on = len(addresses) - len(off)
    addressed = f"{on:,} mail address{'' if on == 1 else 'es'}"
    words = [f"{addressed} of {len(standings):,} digest{'' if len(standings) == 1 else 's'}"]
    words += [f"{each.address} ({one.whose}){each.off_words}" for one, each in off[:_MOST_NAMED]]
    if len(off) > _MOST_NAMED:
        words.append(f"and {len(off) - _MOST_NAMED:,} more are off")
    figures = {"digests": msgspec.to_builtins(standings)}
    return Finding("digests", Level.WELL, "; ".join(words if standings else ["none"]), figures)
