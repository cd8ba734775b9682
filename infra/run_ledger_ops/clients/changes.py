"""What applying a file would change, for people and for programs.

A change of a secret's reference is named without the reference: IAM decides who may see references,
and anybody may read what scrolls by on a terminal.
"""

import itertools
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct, structs

from run_ledger.domain.aws_jobs.job_rules import AwsJobRule
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.domain.exceptions import shown
from run_ledger.domain.incidents.alert_rules import STAFF, AlertRule
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.store.clients.client_records import ClientRecords, StoredClient
from run_ledger.store.items.client_items import ClientParameter, ClientProfile, ClientRecord
from run_ledger_ops.clients.alerts import alert_text
from run_ledger_ops.clients.aws_jobs import aws_job_document
from run_ledger_ops.clients.channel_declarations import channel_text, with_references
from run_ledger_ops.clients.digest_declarations import digest_text
from run_ledger_ops.clients.expectations_file import expectation_text
from run_ledger_ops.clients.suspicion import suspicion
from run_ledger_ops.console import terminal
from run_ledger_ops.console.exceptions import OpsError

ChangeKind = Literal["added", "changed", "removed"]
_SIGNS = {"added": "+", "changed": "~", "removed": "-"}


class Difference(Struct, frozen=True):
    """What changes about one thing; ``before`` and ``after`` are absent where they are hidden."""

    what: str
    change: ChangeKind
    details: tuple[str, ...] = ()


class ClientChange(Struct, frozen=True):
    """What becomes of one client; ``change`` is None where nothing does."""

    stored: StoredClient
    wanted: ClientRecord | None
    change: ChangeKind | None
    profile: tuple[Difference, ...] = ()
    parameters: tuple[Difference, ...] = ()
    aws_jobs: tuple[Difference, ...] = ()
    alerts: tuple[Difference, ...] = ()
    channels: tuple[Difference, ...] = ()
    expect: tuple[Difference, ...] = ()
    digest: tuple[Difference, ...] = ()

    @property
    def client_id(self) -> str:
        """Whose change it is."""
        return self.stored.client_id

    @property
    def whose(self) -> str:
        """Whose change it is, in words."""
        return whose(self.client_id)


def whose(client_id: str) -> str:
    """Return whom an id stands for, in words: a client, or staff."""
    return "staff (for all clients)" if client_id == STAFF else client_id


def client_records(dynamodb: object, table: str) -> ClientRecords:
    """Return what reads and writes the declared clients of a table."""
    return ClientRecords(dynamodb, table, terminal.clock, lambda: secrets.token_hex(8))  # type: ignore[arg-type]


def change_to(stored: StoredClient, declared: ClientRecord) -> ClientChange:
    """Return what makes *stored* what is *declared*; withheld references are those stored."""
    before = stored.record
    wanted = _with_references(before, declared)
    if before is not None and before == wanted and stored.listed_as == wanted.profile.name:
        return ClientChange(stored, wanted, None)
    return ClientChange(
        stored,
        wanted,
        "added" if before is None else "changed",
        ()
        if wanted.is_of_staff
        else tuple(
            _profile_differences(before.profile if before else None, wanted.profile, stored)
        ),
        tuple(_parameter_differences(before.parameters if before else {}, wanted.parameters)),
        tuple(_rule_differences(before.aws_jobs if before else (), wanted.aws_jobs)),
        tuple(_alert_differences(before.alerts if before else (), wanted.alerts)),
        tuple(_channel_differences(before.channels if before else (), wanted.channels)),
        tuple(_expect_differences(before.expect if before else (), wanted.expect)),
        tuple(_digest_differences(before.digest if before else None, wanted.digest)),
    )


def removal(stored: StoredClient) -> ClientChange:
    """Return what takes a client away."""
    record = stored.record
    return ClientChange(
        stored,
        None,
        "removed",
        parameters=tuple(_parameter_differences(record.parameters if record else {}, {})),
        aws_jobs=tuple(_rule_differences(record.aws_jobs if record else (), ())),
        alerts=tuple(_alert_differences(record.alerts if record else (), ())),
        channels=tuple(_channel_differences(record.channels if record else (), ())),
        expect=tuple(_expect_differences(record.expect if record else (), ())),
        digest=tuple(_digest_differences(record.digest if record else None, None)),
    )


def lines(change: ClientChange) -> Iterator[str]:
    """Give the lines that show a change."""
    if change.change is None:
        yield f"  {change.whose}: no change"
        return
    yield f"{_SIGNS[change.change]} {change.whose}"
    parts = (
        *(change.profile, change.channels, change.expect, change.alerts, change.digest),
        *(change.parameters, change.aws_jobs),
    )
    for part in itertools.chain(*parts):
        yield f"    {_SIGNS[part.change]} {part.what}{': ' if part.details else ''}" + "; ".join(
            part.details
        )


def document(change: ClientChange) -> dict[str, Any]:
    """Return a change as JSON has it."""
    return {
        "client_id": change.client_id,
        "change": change.change,
        "profile": [structs.asdict(part) for part in change.profile],
        "channels": [structs.asdict(part) for part in change.channels],
        "expect": [structs.asdict(part) for part in change.expect],
        "alerts": [structs.asdict(part) for part in change.alerts],
        "digest": [structs.asdict(part) for part in change.digest],
        "parameters": [structs.asdict(part) for part in change.parameters],
        "aws_jobs": [structs.asdict(part) for part in change.aws_jobs],
    }


def _with_references(before: ClientRecord | None, declared: ClientRecord) -> ClientRecord:
    """Return *declared* with the stored references where it withholds them."""
    stored = before.parameters if before else {}
    parameters = dict(declared.parameters)
    for name, parameter in parameters.items():
        if parameter.is_secret and parameter.secret_ref is None:
            reference = stored[name].secret_ref if name in stored else None
            if reference is None:
                raise OpsError(
                    f"{declared.client_id}.parameters.{name}.secret is `withheld`, and there is "
                    "none yet that could stay as it is: give its ARN."
                )
            parameters[name] = structs.replace(parameter, secret_ref=reference)
    kept = {one.name: one for one in before.channels} if before else {}
    channels = tuple(with_references(one, kept.get(one.name)) for one in declared.channels)
    return structs.replace(declared, parameters=parameters, channels=channels)


def _profile_differences(
    before: ClientProfile | None, after: ClientProfile, stored: StoredClient
) -> Iterator[Difference]:
    for name in structs.fields(ClientProfile):
        old = getattr(before, name.name) if before else None
        new = getattr(after, name.name)
        if (old or None) != (new or None):
            yield Difference(name.name, _kind(old or None, new or None), (_step(old, new),))
    if before is not None and stored.listed_as != after.name == before.name:
        yield Difference("listed among the clients", "added")


def _parameter_differences(
    before: dict[str, ClientParameter], after: dict[str, ClientParameter]
) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        details = tuple(_details(old, new)) if new is not None else ()
        yield Difference(name, _kind(old, new), details)


def _rule_differences(
    before: tuple[AwsJobRule, ...], after: tuple[AwsJobRule, ...]
) -> Iterator[Difference]:
    """Give the rules that came, changed and went; a rule is known by what it is about."""
    old, new = ({(one.selector, one.pattern): one for one in rules} for rules in (before, after))
    for selector, pattern in sorted(old.keys() | new.keys()):
        was, now = old.get((selector, pattern)), new.get((selector, pattern))
        if was == now:
            continue
        details = () if now is None else tuple(_rule_details(now))
        yield Difference(f"aws_jobs {selector} {pattern}", _kind(was, now), details)
    if old == new and [*old] != [*new]:
        yield Difference("aws_jobs", "changed", ("another order",))


def _rule_details(rule: AwsJobRule) -> Iterator[str]:
    for name, value in aws_job_document(rule).items():
        if name not in (rule.selector, "counters"):
            yield f"{name} {value if isinstance(value, str) else shown(value)}"
    for name, path in rule.counters.items():
        yield f"{name} from {path}"


def _alert_differences(
    before: Sequence[AlertRule], after: Sequence[AlertRule]
) -> Iterator[Difference]:
    """Yield what changes: a rule that changes goes, and another one comes."""
    for rule in before:
        if rule not in after:
            yield Difference("alert", "removed", (alert_text(rule),))
    for rule in after:
        if rule not in before:
            yield Difference("alert", "added", (alert_text(rule),))
    kept = [rule for rule in before if rule in after]
    if kept != [rule for rule in after if rule in before]:
        yield Difference("order of alerts", "changed")


def _channel_differences(
    before: Sequence[Channel], after: Sequence[Channel]
) -> Iterator[Difference]:
    old, new = ({one.name: one for one in channels} for channels in (before, after))
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was == now:
            continue
        details = [] if now is None else [channel_text(now)]
        if was is not None and now is not None and was.references != now.references:
            details.append("another reference")
        yield Difference(f"channel {name}", _kind(was, now), tuple(details))


def _expect_differences(
    before: Sequence[Expectation], after: Sequence[Expectation]
) -> Iterator[Difference]:
    """Yield what is expected no longer, otherwise, and anew; it is known by what it is about."""
    old, new = ({(one.pipeline, one.project): one for one in some} for some in (before, after))
    for about in dict.fromkeys([*old, *new]):
        was, now = old.get(about), new.get(about)
        texts = tuple(expectation_text(one) for one in (was, now) if one is not None)
        if was != now:
            details = (" → ".join(texts),)
            yield Difference("expectation", _kind(was, now), details)
    if old == new and [*old] != [*new]:
        yield Difference("order of expectations", "changed")


def _digest_differences(
    before: DigestRule | None, after: DigestRule | None
) -> Iterator[Difference]:
    if before != after:
        details = () if after is None else (digest_text(after),)
        yield Difference("digest", _kind(before, after), details)


def _details(old: ClientParameter | None, new: ClientParameter) -> Iterator[str]:
    was_secret = old is not None and old.is_secret
    if new.is_secret and (old is None or not was_secret):
        yield "a secret" if old is None else "a secret instead of a value"
    elif new.is_secret and old is not None and old.secret_ref != new.secret_ref:
        yield "another reference"
    elif not new.is_secret and (old is None or old.value != new.value):
        yield f"{_of(old)} → {_of(new)}" if old is not None else _of(new)
    if old is not None and old.description != new.description:
        yield f"description {shown(old.description)} → {shown(new.description)}"
    if new.not_secret is not None and (old is None or old.not_secret != new.not_secret):
        yield f"not secret: {shown(new.not_secret)}"
    elif old is not None and old.not_secret is not None and new.not_secret is None:
        yield "no longer said to be no secret"


def _of(parameter: ClientParameter) -> str:
    """Return a value as it may be shown: one that got into the table by hand may be a secret."""
    if parameter.value is None:
        return "a secret"
    if parameter.not_secret is None and suspicion(parameter.name, parameter.value):
        return "(looks like a secret)"
    return shown(parameter.value)


def _kind(old: object, new: object) -> ChangeKind:
    if old is None:
        return "added"
    return "changed" if new is not None else "removed"


def _step(old: object, new: object) -> str:
    if not old:
        return shown(new)
    return f"{shown(old)} → {shown(new)}" if new else shown(old)
