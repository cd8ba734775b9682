"""``/probes/{probe_id}``: whether a probe has come."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.readers.reading import House, client_user, house

from run_ledger.domain.instants import DAY, MICROSECONDS, text

PROBE = "3Jc9mB0yQkWv6sXe_4tLhA"
PATH = "/probes/{probe_id}"


@pytest.fixture
def here() -> Iterator[House]:
    """Give tables with nothing in them, and a reader."""
    with house() as one:
        yield one


def test_a_probe_is_found_by_its_id_for_a_day(here: House) -> None:
    """Whoever may read something may ask; before it comes and a day later there is none."""
    assert here.get(PATH, path={"probe_id": PROBE}).status == 404

    here.keep_probe(PROBE, sent_at=here.now - 2 * MICROSECONDS)

    for asking in (None, client_user("acme")):
        reply = here.get(PATH, asking, path={"probe_id": PROBE})
        assert reply.status == 200
        assert reply.json == {
            "probe_id": PROBE,
            "sent_at": text(here.now - 2 * MICROSECONDS),
            "received_at": text(here.now),
        }
    assert here.get(PATH, path={"probe_id": f"{PROBE}x"}).status == 404
    here.now += DAY
    assert here.get(PATH, path={"probe_id": PROBE}).status == 404


def test_a_probe_shows_nowhere_else(here: House) -> None:
    """It is in no list and no total, and it is no rejected event."""
    here.keep_probe(PROBE)

    assert here.get("/jobs").json["items"] == []
    assert here.get("/clients").json["items"] == []
    assert here.get("/projects").json["items"] == []
    assert here.get("/rejections").json["items"] == []
    assert here.get("/errors").json["items"] == []
    assert here.get("/overview").json["clients"] == []
    assert here.get("/trends").json["series"][0]["points"] == []


@pytest.mark.parametrize("probe_id", ["x", "../jobs", "\N{ROCKET}" * 20, "probe#1", "a" * 65])
def test_an_id_of_no_probe_is_not_found(here: House, probe_id: str) -> None:
    """Whatever stands in the path, the answer is the same."""
    assert here.get(PATH, path={"probe_id": probe_id}).status == 404


def test_a_parameter_is_refused(here: House) -> None:
    """The path takes no parameters."""
    assert here.get(PATH, path={"probe_id": PROBE}, limit=1).status == 400
