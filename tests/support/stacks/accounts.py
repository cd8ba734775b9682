"""Stand-ins for an AWS account: clients that answer by AWS's own models, and a stage to come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import boto3
from botocore.stub import Stubber

from run_ledger_ops.account_checks.planned_stage import PlannedStage
from run_ledger_ops.deploying import template as templates

from .templates import TEMPLATE

READ = templates.read(TEMPLATE)


def stubbed(service: str) -> tuple[Any, Stubber]:
    """Return a client whose answers are given beforehand and held against the service's model."""
    client: Any = boto3.client(
        service,  # type: ignore[call-overload] - any service
        region_name="eu-central-1",
        aws_access_key_id="access",
        aws_secret_access_key="secret",
    )
    stub = Stubber(client)
    stub.activate()
    return client, stub


def planned(
    values: Mapping[str, str] | None = None,
    present: Iterable[str] = (),
    template: templates.Template = READ,
    name: str = "prod",
) -> PlannedStage:
    """Return a stage whose parameters are the usual ones but for *values*, which were said."""
    said = dict(values or {})
    usual = {name: one.default or "" for name, one in template.parameters.items()}
    return PlannedStage(name, template, {**usual, **said}, frozenset(said), frozenset(present))
