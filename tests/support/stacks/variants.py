"""The template's variants: parameter values under which its conditions fall in every way.

Each choice has a value beside the template's default. Eight variants are enough for every two
choices to meet in all four ways: in the first, nothing is chosen; each choice is made in four of
the other seven, no two choices in the same four, and any two sets of four among seven have a
member in common.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

from .templates import FULL, undecided

CHOICES: tuple[dict[str, str], ...] = (
    {"ArchiveDays": "0"},
    {"AccessLogBucket": FULL["AccessLogBucket"]},
    {"AlarmEmail": "ops@example.com"},
    {"ApiWebAclArn": FULL["ApiWebAclArn"]},
    {"QuietHours": "6"},
    {"CustomerKeyArn": FULL["CustomerKeyArn"]},
    {"Site": "false"},
    {name: FULL[name] for name in ("SiteDomain", "SiteCertificateArn")},
    {"SiteWebAclArn": FULL["SiteWebAclArn"]},
    {"SiteCallbackUrl": "http://localhost:8080/"},
    {"DeletionProtection": "true"},
    {"TlsOnly": "false"},
    {"ManageApiGatewayAccount": "true"},
    {"LoginPages": "classic"},
    {"GradualRollout": "true"},
    {"Mfa": "OFF"},
    {name: FULL[name] for name in ("MailIdentityArn", "MailFrom")},
    {"OpsDashboard": "false"},
    {"PointInTimeRecovery": "false"},
    {"StackMachineClient": "true"},
    {"Intake": "true"},
    {"AwsJobs": "true"},
    {"Telling": "true"},
    {"Push": "true"},
)
"""What one may choose beside the defaults, if a condition or the transform goes by it."""
_ROWS, _CHOSEN = 7, 4
_SETS = tuple(combinations(range(_ROWS), _CHOSEN))


def _variants() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = [{} for _ in range(_ROWS)]
    for choice, chosen in zip(CHOICES, _SETS, strict=False):
        for row in chosen:
            rows[row] |= choice
    return [{}, *rows]


VARIANTS = _variants()


def parameters_of_conditions() -> set[str]:
    """Return the parameters by which the template's conditions go."""
    return set(_referred(undecided()["Conditions"]))


def _referred(part: Any) -> list[str]:
    match part:
        case {"Ref": str(name)}:
            return [name]
        case dict():
            return [name for value in part.values() for name in _referred(value)]
        case list():
            return [name for value in part for name in _referred(value)]
        case _:
            return []
