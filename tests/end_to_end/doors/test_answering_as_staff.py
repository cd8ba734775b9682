"""Staff's own incidents on the running system: seen and answered by staff, and by nobody else."""

from __future__ import annotations

import json

import pytest
from tests.end_to_end.doors.test_answering_incidents import SECONDS, Desk, Terminal
from tests.support.events.hostile import HOSTILE
from tests.support.readers import ledger_http
from tests.support.site import site_seed
from tests.support.stacks.local_stack import LocalStack, wait_for

from run_ledger_ops.sign_in.access_options import Access
from run_ledger_ops.sign_in.user_pool import People

pytestmark = pytest.mark.local_stack

OURS, PIPELINE = "staffs-ours", "asked-by-staff"
TEXTS = [text for text in (*HOSTILE, "=1+1") if text.strip()][:4]


@pytest.fixture(scope="module")
def desk(running: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Declare a client whose rule and one of staff's ask for the same failures."""
    rule = {"what": "failed", "pipeline": PIPELINE, "grace": "0s"}
    declared = {
        "staff": {"alerts": [dict(rule)]},
        "clients": [{"id": OURS, "name": "Ours", "alerts": [rule]}],
    }
    site_seed.declare_clients(running, tmp_path_factory.mktemp("acts"), declared)
    people = {OURS: site_seed.invite_to(running, OURS, acts=True), "staff": invited(running)}
    stack = {**running.document, "users": people}
    reading = ledger_http.machine_token(stack)
    return Desk(running, stack, reading, ledger_http.machine_token(stack, stack["report_scope"]))


def invited(running: LocalStack) -> dict[str, str]:
    """Create somebody of staff who may act, and return the login."""
    email, pool = "acts@staff.example", running.document["issuer"].rsplit("/", 1)[1]
    people = People(running.client("cognito-idp"), pool)
    people.invite(email, Access(is_staff=True, clients=(), acts=True), by_mail=False)
    people.set_password(email, site_seed.PASSWORD)
    return {"email": email, "password": site_seed.PASSWORD}


def test_staff_answer_theirs_and_a_client_its_own(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same failure is an incident of each; whatever a note says, it comes back as written."""
    terminal = Terminal(desk.stack["site_url"], monkeypatch, capsys)
    detail = {"job_id": "asked", "client_id": OURS, "project_id": "acts", "pipeline": PIPELINE}
    detail |= {"status": "completed", "result": "failed"}
    assert desk.post(desk.reporting, "job_update", detail).status_code == 202

    def both() -> dict[bool, str]:
        query = {"client_id": OURS, "pipeline": PIPELINE}
        found = ledger_http.all_items(desk.stack, "/incidents", desk.reading, **query)
        ids = {one["of_staff"]: str(one["incident_id"]) for one in found}
        return ids if len(ids) == 2 else {}

    ids = wait_for("both incidents", both, SECONDS)
    staff, ours = desk.token("staff"), desk.token(OURS)
    for text in TEXTS:
        code, _, err = terminal.run(staff, "note", ids[True], text)
        assert (code, err) == (0, "")
    assert terminal.run(staff, "resolve", ids[True])[0] == 0
    known = desk.incident(ids[True])
    assert known["closed_because"] == "resolved"
    assert [one["text"] for one in known["history"][1:-1]] == TEXTS
    assert {one["by"] for one in known["history"][1:]} == {"acts@staff.example"}
    code, _, err = terminal.run(staff, "note", ids[False], "x" * 2_000)
    assert (code, "detail.text" in err) == (2, True)

    listed = json.loads(terminal.run(ours, "list", "--state", "all", "--json")[1])["incidents"]
    assert [one["incident_id"] for one in listed] == [ids[False]]
    assert terminal.run(ours, "show", ids[True])[0] == 2
    for client_id, accepted in (("*", False), (OURS, True)):
        event_id = f"forged-{client_id}"
        said = {"incident_id": ids[True], "client_id": client_id, "event_id": event_id}
        answer = desk.act(ours, **said).json()["results"][0]
        assert (answer["status"] == "accepted") is accepted
    wait_for("its rejection", lambda: desk.rejected(f"forged-{OURS}"), SECONDS)
    assert desk.rejected(f"forged-{OURS}") == "unknown_incident"
    assert desk.incident(ids[False])["state"] == "open"
