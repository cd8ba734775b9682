"""Incidents by staff's rules: staff see them beside the client's own, and nobody else does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.backend.read.test_api_incidents import MACHINE, MINUTE, START, ids, show, walked
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts.told_incidents import AT_ONCE, ended, tell, tell_rulings
from tests.support.recounts.views import reading_house

from run_ledger.domain.incidents.alert_rules import STAFF as OF_STAFF
from run_ledger.domain.incidents.alert_rules import rulings_on
from run_ledger.domain.instants import Instant, later
from run_ledger.store.incidents.row_items import row_key


def tell_staff(here: House, client_id: str, pipeline: str, job_id: str, at: Instant) -> str:
    """Let a job fail by a rule of staff; return the id of their incident."""
    end = ended(client_id, pipeline, job_id, at)
    ((scope, ruling),) = rulings_on([AT_ONCE], end, OF_STAFF).items()
    (told,) = tell_rulings(here.client, at, scope, [ruling])
    return told.incident.incident_id


def test_what_staff_s_rules_make_staff_alone_see() -> None:
    """Beside the client's own incident of the same failures: in lists, alone, and in counts."""
    here = reading_house([job_update(job_id="a", client_id="acme", event_id="1")])
    theirs, mine = [], []
    for number in range(5):
        at = later(START, number * MINUTE)
        (own,) = tell(here.client, at, [ended("acme", f"p-{number}", f"a-{number}", at)])
        mine.append(own.incident.incident_id)
        theirs.append(tell_staff(here, "acme", f"p-{number}", f"a-{number}", at))
    here.grant("m-1", clients=["acme", "initech"])
    here.grant("m-all", staff=True)
    every = {"username": "", "client_id": "m-all", "sub": "m-all"}
    for asking in (STAFF, every):
        for more in ({}, {"client_id": "acme"}, {"state": "open"}, {"limit": 3}):
            found = walked(here, asking, **more)
            assert {one["incident_id"]: one["of_staff"] for one in found} == {
                **dict.fromkeys(mine, False),
                **dict.fromkeys(theirs, True),
            }
            assert sorted(ids(walked(here, asking, of_staff="true", **more))) == sorted(theirs)
            assert sorted(ids(walked(here, asking, of_staff="false", **more))) == sorted(mine)
        for more in ({}, {"client_id": "acme"}):
            told = here.get("/overview", asking, **more).json["incidents"]
            assert (told["open"], told["of_staff"]) == (10, 5), "as many as the lists have"
    assert show(here, theirs[0])["of_staff"] is True
    for asking in (client_user("acme"), client_user("acme", "globex"), MACHINE):
        for more in ({}, {"client_id": "acme"}, {"state": "open"}, {"sort": "jobs"}, {"limit": 1}):
            found = walked(here, asking, **more)
            assert sorted(ids(found)) == sorted(mine)
            assert not any(one["of_staff"] for one in found)
            assert walked(here, asking, of_staff="true", **more) == []
        told = here.get("/overview", asking).json["incidents"]
        assert (told["open"], told["of_staff"], told["by_client"]) == (5, 0, {"acme": 5})
        assert sorted(ids(told["newest"])) == sorted(mine)
        hidden = here.get("/incidents/{incident_id}", asking, path={"incident_id": theirs[0]})
        unknown = here.get("/incidents/{incident_id}", asking, path={"incident_id": "nothing"})
        assert (hidden.status, hidden.json) == (unknown.status, unknown.json)
        assert hidden.status == 404


def all_answers(here: House, asking: Mapping[str, Any], **query: Any) -> list[tuple[Any, str]]:
    """Return each page that cursors lead to, whole, with its ``ETag``."""
    found = [here.get("/incidents", asking, **query)]
    while (cursor := found[-1].json["next_cursor"]) is not None:
        found.append(here.get("/incidents", asking, cursor=cursor, **query))
    return [(one.json, one.headers["ETag"]) for one in found]


def test_to_a_client_it_is_as_if_staff_s_were_not_there() -> None:
    """Pages, cursors, covered times and counts are the same to the last byte, at any limit."""
    reported = [job_update(job_id="a", client_id="acme", event_id="1")]
    without, beside = reading_house(reported), reading_house(reported)
    for here in (without, beside):
        here.grant("m-1", clients=["acme", "initech"])
    for number in range(12):
        at = later(START, number * MINUTE)
        if number in (2, 3, 9):
            end = ended("acme", "p", f"a-{number}", at, fingerprint=f"own-{number}")
            tell(without.client, at, [end])
            tell(beside.client, at, [end])
        tell_staff(beside, "acme", f"p-{number}", f"a-{number}", at)
    for asking in (client_user("acme"), client_user("acme", "globex"), MACHINE):
        known, shown = (here.get("/overview", asking).json for here in (without, beside))
        assert shown == known
        for more in ({}, {"state": "open"}, {"sort": "jobs"}, {"pipeline": "p"}):
            for limit in (1, 2, 5):
                query = {**more, "limit": limit}
                assert all_answers(beside, asking, **query) == all_answers(without, asking, **query)


def test_rows_of_an_earlier_version_stay_hidden() -> None:
    """They lie among the client's own until something becomes of their incident."""
    here = reading_house([job_update(job_id="a", client_id="acme", event_id="1")])
    incident_id = tell_staff(here, "acme", "p", "a", START)
    key = row_key(incident_id)
    item = here.client.get_item(TableName=NAMES.incidents, Key=key)["Item"]
    assert (item["client_id"]["S"], item["open_key"]["S"][:6]) == ("*acme", "*acme#")
    earlier = {**item, "client_id": {"S": "acme"}, "open_key": {"S": item["open_key"]["S"][1:]}}
    here.client.put_item(TableName=NAMES.incidents, Item=earlier)
    for more in ({}, {"state": "open"}, {"sort": "jobs"}):
        assert walked(here, client_user("acme"), **more) == []
        assert ids(walked(here, STAFF, client_id="acme", **more)) == [incident_id]
    told = here.get("/overview", client_user("acme")).json["incidents"]
    assert (told["open"], told["newest"]) == (0, [])
