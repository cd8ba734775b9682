"""Errors that real libraries raise here and now are grouped by what went wrong."""

from __future__ import annotations

import datetime as dt
import enum
import importlib
import json
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import botocore.session
import msgspec
import pandas as pd
import pytest
import requests
from botocore.exceptions import ClientError, EndpointConnectionError

from run_ledger.domain.contract.fingerprints import fingerprint
from run_ledger.emit.counting.told_errors import error_document

Work = Callable[[], object]


class Tier(enum.Enum):
    """Something with few values."""

    GOLD = "gold"


class Company(msgspec.Struct):
    """A record."""

    name: str
    price: float


def database(statement: str) -> Work:
    """Return a call that runs *statement* on a small database."""

    def run() -> None:
        with sqlite3.connect(":memory:") as tables:
            tables.execute("create table people(id integer primary key, email text unique)")
            tables.execute("insert into people values (1, 'a'), (2, 'b')")
            try:
                tables.execute(statement)
            finally:
                tables.rollback()

    return run


def answered(status: int, path: str) -> Work:
    """Return a call that meets an HTTP status."""
    answer = requests.Response()
    answer.status_code, answer.url = status, f"https://api.crm.example/v1/{path}"
    answer.reason = {401: "Unauthorized", 404: "Not Found", 503: "Service Unavailable"}[status]
    return answer.raise_for_status


def refused(path: str) -> None:
    """Ask a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    requests.get(f"http://127.0.0.1:{port}/{path}", timeout=5)


def client_error(code: str, text: str, retries: int = 0) -> Work:
    """Return a call that AWS refuses."""

    def run() -> None:
        metadata = {"MaxAttemptsReached": True, "RetryAttempts": retries} if retries else {}
        told = {"Error": {"Code": code, "Message": text}, "ResponseMetadata": metadata}
        raise ClientError(told, "InvokeModel")  # type: ignore[arg-type]

    return run


def bucket(**parameters: object) -> Work:
    """Return a call with wrong parameters."""
    client = botocore.session.Session().create_client(
        "s3", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    return lambda: client.get_object(**parameters)


FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
# Each row: calls of one kind of failure, one list for a kind. Kinds of a row are near each other.
RAISED: list[list[list[Work]]] = [
    [[lambda: {}["price"]], [lambda: {}["currency"]], [lambda: {}[7], lambda: {}[81233]]],
    [[lambda: int("MCMXC"), lambda: int("about 1990")], [lambda: float("n/a"), lambda: float("x")]],
    [[lambda: None.get], [lambda: None.items], [lambda: "".get]],  # type: ignore[attr-defined]
    [[lambda: 1 + ""], [lambda: "" + 1], [lambda: None + 1]],  # type: ignore[operator]
    [
        [lambda: json.loads("{"), lambda: json.loads('{"a": 1,\n\n')],
        [lambda: json.loads("")],
        [lambda: json.loads("[1 2]"), lambda: json.loads('["a", "b" "c"]')],
    ],
    [[lambda: Tier("silver"), lambda: Tier("very good")], [lambda: Tier["SILVER"]]],
    [
        [
            lambda: dt.datetime.fromisoformat("x"),
            lambda: dt.datetime.fromisoformat("27.11."),
        ],
        [lambda: dt.date(2026, 13, 1)],
        [lambda: dt.date(2026, 2, 30)],
    ],
    [[b"\xff".decode, b"abc\xff".decode], [lambda: b"ab\xe9".decode("ascii")]],
    [
        [
            lambda: Path("/nowhere/1/a1.csv").read_text(),
            lambda: Path("/nowhere/2/a22.csv").read_text(),
        ],
        [lambda: Path("/nowhere/1/a1.parquet").read_text()],
        [lambda: Path("/").read_text()],
    ],
    [
        [lambda: importlib.import_module("no_such_one")],
        [lambda: importlib.import_module("no_other")],
    ],
    [
        [lambda: subprocess.run([sys.executable, "-c", "exit(3)"], check=True)],
        [lambda: subprocess.run([sys.executable, "-c", "exit(4)"], check=True)],
    ],
    [
        [database("select price from people")],
        [database("select staff from people")],
        [database("select 1 from companies")],
    ],
    [
        [
            database("insert into people values (1, 'c')"),
            database("insert into people values (2, 'd')"),
        ],
        [
            database("insert into people values (3, 'a')"),
            database("insert into people values (4, 'b')"),
        ],
    ],
    [
        [answered(401, "records/1"), answered(401, "records/81233?page=2")],
        [answered(404, "records/1")],
        [answered(503, "records/1")],
    ],
    [[lambda: refused("records/1"), lambda: refused("records/81233")]],
    [
        [lambda: requests.get("foo", timeout=1), lambda: requests.get("acme.example/x", timeout=1)],
        [lambda: requests.get("http://", timeout=1)],
    ],
    [
        [
            client_error("ThrottlingException", "Too many requests"),
            client_error("ThrottlingException", "Too many requests", 4),
            client_error("ThrottlingException", "Too many requests", 9),
        ],
        [client_error("AccessDeniedException", "denied")],
    ],
    [
        [bucket(Bucket="b")],
        [bucket(Key="k")],
        [bucket(Bucket="b", Key=5), bucket(Bucket="b", Key=81233)],
    ],
    [
        [lambda: FRAME["price"]],
        [lambda: FRAME["staff"]],
        [lambda: FRAME[["price"]]],
        [lambda: FRAME.loc[7], lambda: FRAME.loc[81233]],
    ],
    [
        [lambda: FRAME.assign(c=[1]), lambda: FRAME.assign(c=[1, 2, 3, 4])],
        [lambda: FRAME.astype(int), lambda: FRAME.rename(columns=str).astype(int)],
    ],
    [
        [lambda: msgspec.json.decode(b'{"name": "x"}', type=Company)],
        [lambda: msgspec.json.decode(b'{"price": 1}', type=Company)],
        [
            lambda: msgspec.json.decode(b'[{"name": 1}]', type=list[Company]),
            lambda: msgspec.json.decode(
                b'[{"name": "x", "price": 1}, {"name": 1}]', type=list[Company]
            ),
        ],
    ],
]


def group_of(work: Work) -> str:
    """Return the fingerprint of what *work* raises."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever the library raises
        told = error_document(error)
        return fingerprint(told["type"], told["message"])
    raise AssertionError("nothing was raised")


@pytest.mark.parametrize("kinds", RAISED)
def test_what_is_raised_is_grouped_by_kind(kinds: list[list[Work]]) -> None:
    """Failures of one kind are one group; of two kinds, two."""
    groups = [{group_of(work) for work in kind} for kind in kinds]
    assert [len(group) for group in groups] == [1] * len(kinds)
    assert all(one.isdisjoint(other) for one, other in combinations(groups, 2))


def test_endpoints_of_two_services_are_two_groups() -> None:
    """And one of them is one group, whichever model was asked."""
    urls = ("https://bedrock.a.example/model/7/x", "https://bedrock.a.example/model/81233/x")
    first, second, other = (
        fingerprint("E", str(EndpointConnectionError(endpoint_url=url)))
        for url in (*urls, "https://sqs.a.example/")
    )
    assert first == second != other
