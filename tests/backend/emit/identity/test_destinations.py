"""A spool belongs to a bus in one account, in one region, behind one address."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.session import Session
from tests.support.producers.buses import MoodyBus, WillingBus, served

from run_ledger.emit import RunLedger
from run_ledger.emit.delivery.bus import EventBus
from run_ledger.emit.delivery.spool_folders import spool_folders
from run_ledger.emit.identity import destinations
from run_ledger.emit.identity.destinations import Destination, destination_of
from run_ledger.emit.identity.environment import BusTarget

OWNER = {"client_id": "c", "project_id": "p"}
ARN = "arn:aws:events:eu-central-1:111122223333:event-bus/bus"
ONE_KEY, OTHER_KEY = "AKIAQYLPMN5HAAAAAAAA", "AKIAQYLPMN5HBBBBBBBB"


class Place:
    """A bus behind HTTP and the settings of a program that reports to it, which a test changes."""

    def __init__(self, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self.mood = "down"
        self.bus = MoodyBus(lambda: self.mood)
        self._folder = folder
        self._environment = environment

    def report(self, job_id: str, mood: str, name: str = "bus", **settings: str) -> RunLedger:
        """Report a job as a program with these settings does, from its start to its end."""
        self.mood = mood
        for setting, text in settings.items():
            if text:
                self._environment.setenv(setting, text)
            else:
                self._environment.delenv(setting, raising=False)
        ledger = RunLedger(name, spool=self._folder / "spool")
        ledger.send("job_update", {**OWNER, "job_id": job_id, "status": "running"})
        ledger.deliver(10, start_seconds=10)
        ledger.close(10)
        return ledger

    @property
    def arrived(self) -> list[str]:
        """Return the ids of the jobs that arrived, in order."""
        return [one["job_id"] for one in self.bus.details]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Give a place to report from."""
    one = Place(tmp_path, monkeypatch)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with served(one.bus) as found:
        for name, text in found.items():
            monkeypatch.setenv(name, text)
        yield one


@pytest.mark.parametrize(
    ("elsewhere", "back"),
    [
        ({"AWS_DEFAULT_REGION": "us-east-1"}, {"AWS_DEFAULT_REGION": "eu-central-1"}),
        ({"RUN_LEDGER_REGION": "us-east-1"}, {"RUN_LEDGER_REGION": ""}),
        ({"AWS_REGION": "us-east-1"}, {"AWS_REGION": ""}),
        ({"AWS_ACCESS_KEY_ID": OTHER_KEY}, {"AWS_ACCESS_KEY_ID": ONE_KEY}),
        ({"AWS_ACCOUNT_ID": "444455556666"}, {"AWS_ACCOUNT_ID": ""}),
        ({"name": "other-bus"}, {"name": "bus"}),
        ({"name": "arn:aws:events:eu-central-1:444455556666:event-bus/bus"}, {"name": "bus"}),
    ],
)
def test_events_are_never_sent_elsewhere(
    place: Place, elsewhere: dict[str, str], back: dict[str, str]
) -> None:
    """Another region, account or bus of the same name gets its own; the right one gets all."""
    place.report("first", "down", AWS_ACCESS_KEY_ID=ONE_KEY)
    place.report("elsewhere", "well", **elsewhere)
    assert place.arrived == ["elsewhere"]

    place.report("back", "well", **back)
    assert place.arrived == ["elsewhere", "back", "first"]


def test_another_address_is_another_bus(place: Place, tmp_path: Path) -> None:
    """Of a local stack, for instance, whose bus has the same name as the one on AWS."""
    place.report("first", "down")
    other = WillingBus()
    with served(other) as found, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_EVENTBRIDGE", found["AWS_ENDPOINT_URL"])
        place.report("other", "well")
    (tmp_path / "config").write_text(f"[default]\nendpoint_url = {found['AWS_ENDPOINT_URL']}\n")

    assert [one["job_id"] for one in other.details] == ["other"]
    assert place.arrived == []
    place.report("back", "well")  # the environment comes before the file
    assert place.arrived == ["back", "first"]


def test_keys_that_change_within_a_known_account_change_nothing(place: Place) -> None:
    """As those of an assumed role do every hour."""
    place.report("first", "down", AWS_ACCOUNT_ID="111122223333", AWS_ACCESS_KEY_ID="ASIAONE")
    place.report("second", "well", AWS_ACCESS_KEY_ID="ASIATWO")

    assert place.arrived == ["second", "first"]


def test_the_account_of_an_arn_counts_whoever_calls(place: Place) -> None:
    """A bus of another account stays the same bus with other credentials."""
    place.report("first", "down", ARN, AWS_ACCESS_KEY_ID=ONE_KEY)
    place.report("second", "well", ARN, AWS_ACCESS_KEY_ID=OTHER_KEY)

    assert place.arrived == ["second", "first"]


def test_what_nobody_knows_is_left_and_told(
    place: Place, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """A program without readable settings leaves events that no other one takes."""
    place.report("first", "well", AWS_PROFILE="nobody")
    assert place.arrived == []
    (folder,) = spool_folders(tmp_path / "spool")
    assert (folder.destination.account, folder.events) == (None, 1)

    caplog.clear()
    ledger = place.report("second", "well", AWS_PROFILE="")

    assert place.arrived == ["second"]
    assert ledger.stats().unclaimed == 1
    (line,) = [record.getMessage() for record in caplog.records]
    assert "run-ledger spool flush --unknown" in line
    assert str(folder.path) in line


def test_a_folder_of_an_earlier_version_is_left_and_told(
    place: Place, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Its description does not say for which account and region it was."""
    place.report("first", "down")
    (folder,) = spool_folders(tmp_path / "spool")
    former = folder.path.with_name("bus-0123456789")
    folder.path.rename(former)
    (former / "target.json").write_text('{"bus":"bus","source":"s"}')
    caplog.clear()

    ledger = place.report("second", "well")
    place.report("third", "well")

    assert place.arrived == ["second", "third"]
    assert ledger.stats().unclaimed == 1
    assert sum("--unknown" in record.getMessage() for record in caplog.records) == 2


def test_a_killed_start_is_taken_over_by_the_same_settings(place: Place, tmp_path: Path) -> None:
    """Events that lie where nothing was known yet belong to whoever has the same evidence."""
    killed = RunLedger("bus", spool=tmp_path / "spool")
    killed._reporter.sender._start = lambda: None  # type: ignore[method-assign]
    killed.send("job_update", {**OWNER, "job_id": "killed", "status": "running"})
    assert killed.flush(0)
    killed.close(0)
    assert {folder.destination.account for folder in spool_folders(tmp_path / "spool")} == {None}

    place.report("other", "well", AWS_ACCESS_KEY_ID=OTHER_KEY)
    assert place.arrived == ["other"]
    place.report("same", "well", AWS_ACCESS_KEY_ID="testing")
    assert place.arrived == ["other", "same", "killed"]


@pytest.mark.parametrize(
    ("credentials", "account"),
    [
        (Credentials("AKIA1", "s", account_id="111122223333"), "111122223333"),
        (Credentials("AKIA1", "s", method="iam-role"), "instance:i-0abc"),
        (Credentials("AKIA1", "s", method="env"), "key:"),
        (None, None),
    ],
)
def test_who_the_account_is(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    credentials: Credentials | None,
    account: str | None,
) -> None:
    """By what the SDK says, the instance, or the access key, whose id is not shown."""
    (tmp_path / "tag").write_text("i-0abc\n")
    monkeypatch.setattr(destinations, "_INSTANCE", tmp_path / "tag")
    client: Any = SimpleNamespace(meta=SimpleNamespace(region_name="r", endpoint_url="http://x"))

    found = destination_of(BusTarget("bus"), client, credentials).account

    assert found == account if account != "key:" else str(found).startswith("key:")
    assert "AKIA1" not in str(found)


def test_a_client_that_was_given_says_where_it_calls() -> None:
    """Region, address and credentials of a client by botocore count as those of our own."""
    session = Session()
    session.set_credentials("AKIA1", "secret")
    client = session.create_client("events", region_name="eu-west-1")

    found = EventBus(BusTarget("bus"), client).destination()

    assert (found.region, found.endpoint_url) == (
        "eu-west-1",
        "https://events.eu-west-1.amazonaws.com",
    )
    assert str(found.account).startswith("key:")
    assert found.is_known


def test_no_secret_is_written_down(place: Place, tmp_path: Path) -> None:
    """Neither keys nor anything of the files of AWS."""
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = sesame\n"
    )
    place.report("first", "down", AWS_SECRET_ACCESS_KEY="sesame", AWS_ACCESS_KEY_ID=ONE_KEY)
    texts = [path.name + path.read_text() for path in tmp_path.glob("spool/*/*")]

    assert texts
    assert not any(secret in text for text in texts for secret in ("sesame", ONE_KEY, "AKIAFILE"))


def test_known_accounts_are_never_taken_for_one_another() -> None:
    """Where both are known for sure, nothing may belong to the other one."""
    one = Destination("bus", "r", "http://x", "s", "1", 2)
    other = Destination("bus", "r", "http://x", "s", "2", 2)
    unknown = json.loads('{"bus":"bus"}')

    assert not one.may_be(other)
    assert one.may_be(Destination(**unknown))
    assert not one.may_be(Destination("bus", "other-region"))
    assert one.may_be(Destination("bus", "r", "http://x", "s", "key:0123456789", 2))
    assert one.may_be(Destination("bus", "r", "http://x", "s", "client", 2))
