"""Headers of what passes through the local stack's proxy."""

from __future__ import annotations

from run_ledger_ops.local.edge.headers import (
    Upstream,
    answer_headers,
    end_to_end,
    request_headers,
)


def test_headers_of_one_connection_stay_on_it() -> None:
    """Those that HTTP names, and those that `Connection` names."""
    headers = [("Connection", "keep-alive, X-Mine"), ("X-Mine", "1"), ("TE", "x"), ("ETag", '"1"')]
    assert end_to_end(headers) == [("ETag", '"1"')]


def test_upstream_is_asked_as_cloudfront_would() -> None:
    """Over HTTPS as far as the viewer goes; a viewer can't say otherwise."""
    given = [
        ("host", "h"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-for", "1"),
        ("accept", "a"),
    ]
    assert request_headers(given, Upstream("/", "d1.cloudfront.net"), "h") == {
        "Accept": "a",
        "Host": "d1.cloudfront.net",
        "X-Forwarded-Proto": "https",
    }
    assert request_headers(given, Upstream("/"), "h")["Host"] == "h"


def test_headers_of_the_edge_stand_in_place_of_others() -> None:
    """None comes twice."""
    upstream = Upstream("/", added_headers={"X-A": "edge"})
    assert answer_headers([("x-a", "origin"), ("ETag", "1")], upstream) == [
        ("ETag", "1"),
        ("X-A", "edge"),
    ]
