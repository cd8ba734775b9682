"""What is known to differ, in the words of an incident."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from run_ledger.domain.incidents.drift import Drifting
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.dynamo.table_names import Tables

from .frontier import OF_ALL, Differing, WrongValue, all_differing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SECONDS = 10.0
_MOST_VALUES = 3


def read_drifting(client: DynamoDBClient, tables: Tables) -> list[Drifting]:
    """Return what is known to differ; raise StoreUnavailable where DynamoDB does not answer."""
    with ThreadPoolExecutor(1) as executor:
        reading = Reading(client, tables, executor, _SECONDS)
        return [drifting_of(one) for one in reading.alone(partial(all_differing, reading))]


def drifting_of(one: Differing) -> Drifting:
    """Return *one* as an incident tells it: by name, with the first values that are numbers."""
    name = one.id if one.kind == "job" else f"{one.kind} {one.id}"
    owner = "" if one.client_id == OF_ALL else f" of {one.client_id}"
    values = "; ".join(map(_value, one.differences[:_MOST_VALUES]))
    more = len(one.differences) - _MOST_VALUES
    also = f"; and {more} more" if more > 0 else ""
    says = f"The {one.kind} {one.id}{owner} is not what its entries give: {values}{also}"
    return Drifting(name, says)


def _value(one: WrongValue) -> str:
    if one.stored is None or one.recounted is None:
        return one.attribute
    return f"{one.attribute} is {one.stored}, and they give {one.recounted}"
