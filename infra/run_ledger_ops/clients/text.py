"""Declared clients as the file that would declare them."""

from collections.abc import Sequence
from typing import Any

import yaml

from run_ledger.store.items.client_items import ClientParameter, ClientRecord
from run_ledger_ops.clients.alerts import alerts_as_document
from run_ledger_ops.clients.aws_jobs import aws_job_document
from run_ledger_ops.clients.channel_declarations import WITHHELD, channels_as_document
from run_ledger_ops.clients.digest_declarations import digest_as_document
from run_ledger_ops.clients.expectations_file import expectations_as_document


def text_of(records: Sequence[ClientRecord]) -> str:
    """Return the YAML text that declares *records*; applied, it changes nothing."""
    text: str = yaml.dump(
        as_document(records),
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
        default_flow_style=False,
    )
    return text


def as_document(records: Sequence[ClientRecord]) -> dict[str, Any]:
    """Return what the file holds, as plain values."""
    staff = [_staff(record) for record in records if record.is_of_staff]
    clients = [_client(record) for record in records if not record.is_of_staff]
    # A file without both would be none.
    return ({"staff": staff[0]} if staff else {}) | (
        {"clients": clients} if clients or not staff else {}
    )


def _staff(record: ClientRecord) -> dict[str, Any]:
    values = {
        "channels": channels_as_document(record.channels),
        "alerts": alerts_as_document(record.alerts),
        "digest": None if record.digest is None else digest_as_document(record.digest),
    }
    return {name: value for name, value in values.items() if value}


def _client(record: ClientRecord) -> dict[str, Any]:
    profile = record.profile
    values = {
        "id": record.client_id,
        "name": profile.name,
        "description": profile.description,
        "contact": profile.contact,
        "tags": dict(profile.tags),
        "channels": channels_as_document(record.channels),
        "expect": expectations_as_document(record.expect),
        "alerts": alerts_as_document(record.alerts),
        "digest": None if record.digest is None else digest_as_document(record.digest),
        "parameters": [_parameter(record.parameters[name]) for name in sorted(record.parameters)],
        "aws_jobs": [aws_job_document(rule) for rule in record.aws_jobs],
    }
    return {name: value for name, value in values.items() if value}


def _parameter(parameter: ClientParameter) -> dict[str, Any]:
    values: dict[str, Any] = {"name": parameter.name}
    if parameter.description:
        values["description"] = parameter.description
    if parameter.value is None:
        values["secret"] = parameter.secret_ref or WITHHELD
    else:
        values["value"] = parameter.value
    if parameter.not_secret is not None:
        values["not_secret"] = parameter.not_secret
    return values


class _Dumper(yaml.SafeDumper):
    """Writes the members of a list further in than the list, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the base class's signature
        super().increase_indent(flow, False)  # noqa: FBT003
