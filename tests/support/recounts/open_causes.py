"""What is wrong, recounted from how jobs have ended: what a model of incidents has to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from run_ledger.domain.incidents.alert_rules import JobEnd

RATE = ("quick", "50% of 3")
"""The cause of the one rule about an error rate: of the pipeline quick."""


def open_causes(
    ends: Sequence[JobEnd], resolved: Mapping[tuple[str, str | None], int]
) -> set[tuple[str, str | None]]:
    """Return what is open: failures after the last good end of their pipeline, and its rate.

    Both since somebody resolved it last.
    """
    last = {end.job_id: end for end in ends}.values()
    good: dict[str, int] = {}
    for end in last:
        if end.result in ("succeeded", "partial"):
            good[end.pipeline] = max(good.get(end.pipeline, 0), end.at)
    quick = [one for one in last if one.pipeline == "quick" and one.result != "cancelled"]
    newest = sorted(quick, key=lambda one: (one.at, sha256(one.job_id.encode()).digest()))[-3:]
    newest = [one for one in newest if one.at > resolved.get(RATE, 0)]
    is_high = len(newest) == 3 and sum(one.result == "failed" for one in newest) >= 2
    return {
        (end.pipeline, end.fingerprint)
        for end in last
        if end.result == "failed"
        and end.at > good.get(end.pipeline, 0)
        and end.at > resolved.get((end.pipeline, end.fingerprint), 0)
    } | ({RATE} if is_high else set())
