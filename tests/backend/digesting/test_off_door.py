"""The link of a digest: it switches off that one, for that address, and gives nothing away."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from typing import Any

import pytest
from tests.backend.digesting.test_digest_sender import DAILY, DUE, OPS, work
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.readers import log_lines
from tests.support.receivers.digest_stage import OFF_URL, DigestStage
from tests.support.stacks.templates import properties, rights_of, statements

from run_ledger import logs
from run_ledger.delivering.mails import mail_of
from run_ledger.digesting import off_door
from run_ledger.digesting.off_door import OffDoor
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import Letter
from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.digests.digest_records import DigestReader, DigestRecords, address_digest

GLOBEX = Channel("ops", "mail", ("a@acme.example",))


@pytest.fixture
def stage() -> DigestStage:
    """Give two clients whose digests have been sent; one address gets both."""
    found = DigestStage([work(), work("globex")], DUE)
    found.declare("acme", DAILY, OPS)
    found.declare("globex", DAILY, GLOBEX)
    found.sweep()
    found.take()
    return found


def door(stage: DigestStage) -> OffDoor:
    """Return the door of a stage."""
    return OffDoor(stage.sender().records, lambda: stage.now)


def letters(stage: DigestStage) -> dict[tuple[str, str], Letter]:
    """Return the letters by client and address."""
    return {
        (letter.subject.partition(",")[0].lower(), recipients[0]): letter
        for _, letter, recipients in stage.mails
    }


def secret_of(letter: Letter) -> str:
    """Return the secret of the link that a letter's header has."""
    return letter.headers["List-Unsubscribe"].rpartition("=")[2].rstrip(">")


def off(stage: DigestStage, client_id: str) -> set[str]:
    """Return the digests of the addresses that get none of a client."""
    return {one.address_digest for one in stage.sender().records.switched_off(client_id)}


def test_a_link_switches_one_address_of_one_client_off(stage: DigestStage) -> None:
    """It may be pressed twice; who switched off, and when, stays that of the first time."""
    secret = secret_of(letters(stage)["acme", "a@acme.example"])
    began = stage.now
    assert door(stage).answer("POST", secret).status == 200
    stage.wait(60)
    assert door(stage).answer("POST", secret).status == 200
    assert off(stage, "acme") == {address_digest("a@acme.example")}
    assert off(stage, "globex") == set()
    (one,) = stage.sender().records.switched_off("acme")
    assert (one.by, one.at) == ("link", "2026-11-23T08:00:00.000000Z")
    assert began < stage.now
    stage.mails.clear()
    stage.bodies.clear()
    stage.wait(23 * 60)
    stage.here.post(work(at="2026-11-23T09:00:00Z", attempt=2))
    stage.here.post(work("globex", at="2026-11-23T09:00:00Z", attempt=2))
    stage.sweep()
    stage.take()
    assert sorted(letters(stage)) == [("acme", "b@acme.example"), ("globex", "a@acme.example")]


def test_a_link_works_again_after_on(stage: DigestStage) -> None:
    """That of an older mail, too."""
    secret = secret_of(letters(stage)["acme", "b@acme.example"])
    reader = DigestReader("acme", address_digest("b@acme.example"))
    for _ in range(2):
        door(stage).answer("POST", secret)
        assert off(stage, "acme") == {reader.address_digest}
        stage.sender().records.switch_on(reader)
        assert off(stage, "acme") == set()


def test_looking_at_a_link_switches_nothing_off(stage: DigestStage) -> None:
    """As programs follow the links in mails; a page with a button comes, and asks no table."""
    secret = secret_of(letters(stage)["acme", "a@acme.example"])
    nowhere: Any = None
    for method in ("GET", "HEAD"):
        shown = OffDoor(DigestRecords(nowhere, "none"), lambda: stage.now).answer(method, secret)
        assert shown.status == 200
        assert b'<form method="post">' in shown.body
    assert off(stage, "acme") == set()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "secret", ["", "A" * 42, "A" * 44, "A" * 42 + "=", "\u0661" * 43, "<script>" + "A" * 35]
)
def test_what_is_no_link_is_not_known(stage: DigestStage, method: str, secret: str) -> None:
    """Nothing of it comes back in the page."""
    answer = door(stage).answer(method, secret)
    assert answer.status == 404
    assert not secret or secret.encode() not in answer.body
    assert b"<script" not in answer.body


def test_forged_and_altered_links_switch_nothing_off(stage: DigestStage) -> None:
    """A guess, and a link with one letter changed, are answered alike, whoever is declared."""
    secret = secret_of(letters(stage)["acme", "a@acme.example"])
    altered = secret[:-2] + ("AA" if secret[-2:] != "AA" else "BB")
    swapped = secret.swapcase()
    answers = [door(stage).answer("POST", one) for one in ("A" * 43, altered, swapped)]
    assert {(one.status, one.body) for one in answers} == {(404, answers[0].body)}
    assert off(stage, "acme") == off(stage, "globex") == set()


def test_a_link_ends_by_itself(stage: DigestStage) -> None:
    """After 400 days, whenever the table drops what has expired."""
    secret = secret_of(letters(stage)["acme", "a@acme.example"])
    stage.wait(400 * 24 * 60)
    assert door(stage).answer("POST", secret).status == 404
    assert off(stage, "acme") == set()
    stage.wait(-1)
    assert door(stage).answer("POST", secret).status == 200


def test_no_link_shows_whose_it_is(stage: DigestStage) -> None:
    """Neither client nor address nor a digest of them stands in it, and each mail has another."""
    links = [one.headers["List-Unsubscribe"] for one in letters(stage).values()]
    assert len(set(links)) == 3
    for link in links:
        assert re.fullmatch(rf"<{re.escape(OFF_URL)}\?link=[A-Za-z0-9_-]{{43}}>", link)
        for word in ("acme", "globex", "@", address_digest("a@acme.example")):
            assert word not in link


def test_the_table_has_no_secret_of_a_link(stage: DigestStage) -> None:
    """Whoever may read the table can't switch anybody off by it."""
    items = str(stage.store.items(NAMES.incidents))
    assert "digest-link#" in items
    for letter in letters(stage).values():
        assert secret_of(letter) not in items
    assert "@" not in items


def test_the_mail_says_it_as_mail_programs_want_it(stage: DigestStage) -> None:
    """Both headers of RFC 8058, each on one line as it is; text and HTML have the same link."""
    letter = letters(stage)["acme", "a@acme.example"]
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = letter.headers["List-Unsubscribe"].strip("<>")
    written = mail_of("ledger@ledger.example", "digest-1", letter, ["a@acme.example"]).as_bytes()
    assert f"\r\nList-Unsubscribe: <{link}>\r\n".encode() in written
    read = message_from_bytes(written, policy=policy.default)
    plain, html = read.get_body(("plain",)), read.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert f"Stop these digests: {link}" in plain.get_content()
    assert f'<a href="{link}">Stop these digests</a>' in html.get_content()


def test_a_store_that_refuses_is_said(stage: DigestStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says that nothing was stopped; mail programs are told to come again."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("throttled")

    secret = secret_of(letters(stage)["acme", "a@acme.example"])
    monkeypatch.setattr(DigestRecords, "switch_off", refuse)
    answer = door(stage).answer("POST", secret)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "60")
    assert b"not stopped" in answer.body


def test_pages_are_guarded_and_lead_nowhere(stage: DigestStage) -> None:
    """No script, no frame, nothing of a request; nothing keeps them, and no search finds them."""
    secret = secret_of(letters(stage)["acme", "a@acme.example"])
    pages = [door(stage).answer(method, one) for method in ("GET", "POST") for one in (secret, "x")]
    for page in pages:
        guard = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in guard
        assert "form-action 'self'" in guard
        assert "frame-ancestors 'none'" in guard
        assert "unsafe" not in guard
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Robots-Tag"] == "noindex"
        assert "Location" not in page.headers
        assert b"href" not in page.body
        assert secret.encode() not in page.body
        assert b"acme" not in page.body


def test_the_handler_logs_no_secret_and_no_address(
    stage: DigestStage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes the secret from the query, and says whose digest was switched off."""
    logs.configure("INFO", stage="test", function="digest-off")
    monkeypatch.setattr(off_door, "_door", lambda: door(stage))
    secret = secret_of(letters(stage)["acme", "a@acme.example"])
    event = {"httpMethod": "POST", "queryStringParameters": {"link": secret}, "body": "anything"}
    assert off_door.handler(event, Context())["statusCode"] == 200
    assert off_door.handler({"httpMethod": "POST"}, Context())["statusCode"] == 404
    printed = capsys.readouterr().out
    (line,) = log_lines.read(printed)
    assert line["client_id"] == "acme"
    assert secret not in printed
    assert "@" not in printed


def test_two_digests_of_an_address_have_links_of_their_own(stage: DigestStage) -> None:
    """A client that declares the address anew after it was off is asked by another link."""
    stage.declare("initech", DigestRule("daily", empty=True), OPS)
    stage.sweep()
    stage.take()
    found = letters(stage)
    secrets = {secret_of(letter) for letter in found.values()}
    assert len(secrets) == len(found) == 5
    door(stage).answer("POST", secret_of(found["initech", "a@acme.example"]))
    assert off(stage, "acme") == set()
    assert off(stage, "initech") == {address_digest("a@acme.example")}


def test_the_door_may_read_links_and_note_who_is_off() -> None:
    """And neither what was sent nor an incident; what makes digests switches nobody off."""
    assert rights_of("DigestOffRole", Telling="true") == {
        "DigestOffLogGroup": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "IncidentsTable": {"dynamodb:GetItem", "dynamodb:PutItem"},
    }

    def keys(role: str, sid: str) -> Any:
        (one,) = [
            one for one in statements(properties(role, Telling="true")) if one.get("Sid") == sid
        ]
        return one["Action"], one["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]

    assert keys("DigestOffRole", "ReadLinks") == ("dynamodb:GetItem", ["digest-link#*"])
    assert keys("DigestOffRole", "NoteWhoIsOff") == ("dynamodb:PutItem", ["digest-off#*"])
    assert keys("DigesterRole", "NoteDigestsAndLinks") == (
        "dynamodb:PutItem",
        ["digest#*", "digest-link#*"],
    )
    assert keys("DigesterRole", "ReadWhoIsOff") == ("dynamodb:Query", ["digest-off#*"])
