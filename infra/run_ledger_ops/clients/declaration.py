"""The file that declares clients: YAML, checked strictly, every complaint with its line.

No complaint repeats what the file says of a value: it might be the secret that does not belong
there.
"""

import re
from pathlib import Path

import yaml

from run_ledger.domain.contract.vocabulary import IDENTIFIER_ALLOWED, is_identifier
from run_ledger.domain.exceptions import shown
from run_ledger.store.items.client_items import (
    ClientParameter,
    ClientProfile,
    ClientRecord,
    staff_record,
)
from run_ledger.store.items.keys import RESERVED_CLIENT_IDS
from run_ledger_ops.clients.alerts import STAFF_WHATS, read_alerts
from run_ledger_ops.clients.aws_jobs import aws_job_rules, shared_patterns
from run_ledger_ops.clients.channel_declarations import WITHHELD, read_channels
from run_ledger_ops.clients.digest_declarations import read_digest
from run_ledger_ops.clients.expectations_file import read_expectations
from run_ledger_ops.clients.nodes import Checker, document
from run_ledger_ops.clients.suspicion import form, suspicion
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.input_file import TooLarge, read_file

MOST_PARAMETERS = 100
MOST_VALUE_BYTES = 8_192
_MOST_FILE_BYTES = 4 * 1024 * 1024
_MOST_TAGS = 24
_LONG, _SHORT, _WORD = 1_024, 256, 128

_ARN = re.compile(
    r"arn:aws[a-z-]{0,20}:(?:"
    r"secretsmanager:[a-z]{2}[a-z0-9-]{3,30}:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}"
    r"|ssm:[a-z]{2}[a-z0-9-]{3,30}:[0-9]{12}:parameter/[A-Za-z0-9_./-]{1,1011})"
)
_ARN_ALLOWED = (
    "the ARN of a secret in Secrets Manager (arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME) or "
    "of an SSM parameter (arn:aws:ssm:REGION:ACCOUNT:parameter/NAME); what stands here is none and "
    "is not repeated, as it might be the secret"
)

_CLIENT_KEYS = (
    *("id", "name", "description", "contact", "tags"),
    *("channels", "expect", "alerts", "digest", "parameters", "aws_jobs"),
)
_STAFF_KEYS = ("channels", "alerts", "digest")
_PARAMETER_KEYS = ("name", "description", "value", "secret", "not_secret")


def read(path: Path) -> list[ClientRecord]:
    """Return the clients that a file declares, behind what staff declare for all of them.

    Raises OpsError with all that is wrong in it.
    """
    try:
        content = read_file(path, _MOST_FILE_BYTES)
    except TooLarge as error:
        raise OpsError(f"{path} is larger than {_MOST_FILE_BYTES:,} bytes.") from error
    except OSError as error:
        raise OpsError(f"{path} can't be read: {error.strerror or error}.") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OpsError(f"{path} is no UTF-8 text (byte {error.start}).") from error
    return parse(text, str(path))


def parse(text: str, name: str) -> list[ClientRecord]:
    """Return what *text*, the content of the file *name*, declares."""
    checked = _Reader(name)
    records = checked.clients(document(text, name))
    checked.complain()
    return records


class _Reader(Checker):
    """Makes clients of nodes."""

    def clients(self, node: yaml.Node) -> list[ClientRecord]:
        """Return what the whole document declares: of staff first, if they do."""
        fields = self.fields(node, "the file", ("clients", "staff"), ())
        listed, staff = fields.get("clients"), fields.get("staff")
        found = [] if staff is None else [self._staff(staff)]
        if listed is None:
            if staff is None and isinstance(node, yaml.MappingNode):
                self.add(node, "the file: clients is missing")
            return found
        members = self.members(listed, "clients")
        if isinstance(listed, yaml.SequenceNode) and not members:
            self.add(listed, "clients: declare at least one")
        records: dict[str, ClientRecord] = {}
        for number, member in enumerate(members, 1):
            record = self._client(member, f"clients[{number}]")
            if record.client_id in records:
                self.add(member, f"clients: the id {shown(record.client_id)} is there twice")
            elif record.client_id:
                records[record.client_id] = record
        for text in shared_patterns(records.values()):
            self.add(listed, text)
        return [*found, *records.values()]

    def _staff(self, node: yaml.Node) -> ClientRecord:
        fields = self.fields(node, "staff", _STAFF_KEYS, ())
        if isinstance(node, yaml.MappingNode) and not fields:
            self.add(node, "staff: allowed: channels, alerts and digest; nothing is there")
        channels = read_channels(self, fields.get("channels"), "staff.channels")
        names = [channel.name for channel in channels]
        alerts = read_alerts(self, fields.get("alerts"), "staff.alerts", names, STAFF_WHATS)
        digest = read_digest(self, fields.get("digest"), "staff.digest", channels)
        return staff_record(alerts, channels, digest)

    def _client(self, node: yaml.Node, path: str) -> ClientRecord:
        fields = self.fields(node, path, _CLIENT_KEYS, ("id", "name"))
        client_id = self._identifier(fields.get("id"), f"{path}.id")
        if client_id in RESERVED_CLIENT_IDS:
            self.add(fields["id"], f"{path}.id: the ledger keeps {shown(client_id)} for itself")
        path = client_id or path
        profile = ClientProfile(
            name=self._line(fields.get("name"), f"{path}.name", _WORD),
            description=self._text(fields.get("description"), f"{path}.description", _LONG),
            contact=self._optional(fields.get("contact"), f"{path}.contact", _SHORT),
            tags=self._tags(fields.get("tags"), f"{path}.tags"),
        )
        parameters: dict[str, ClientParameter] = {}
        listed = self.members(fields.get("parameters"), f"{path}.parameters")
        if len(listed) > MOST_PARAMETERS:
            self.add(
                listed[MOST_PARAMETERS],
                f"{path}.parameters: {len(listed)} of them; allowed: at most {MOST_PARAMETERS}",
            )
        for number, member in enumerate(listed, 1):
            parameter = self._parameter(member, f"{path}.parameters[{number}]", path)
            if parameter.name in parameters:
                name = shown(parameter.name)
                self.add(member, f"{path}.parameters: the name {name} is there twice")
            elif parameter.name:
                parameters[parameter.name] = parameter
        rules = aws_job_rules(self, fields.get("aws_jobs"), f"{path}.aws_jobs")
        channels = read_channels(self, fields.get("channels"), f"{path}.channels")
        names = [channel.name for channel in channels]
        alerts = read_alerts(self, fields.get("alerts"), f"{path}.alerts", names)
        expect = read_expectations(self, fields.get("expect"), f"{path}.expect")
        digest = read_digest(self, fields.get("digest"), f"{path}.digest", channels)
        return ClientRecord(client_id, profile, parameters, rules, alerts, channels, expect, digest)

    def _parameter(self, node: yaml.Node, path: str, client: str) -> ClientParameter:
        fields = self.fields(node, path, _PARAMETER_KEYS, ("name",))
        name = self._identifier(fields.get("name"), f"{path}.name")
        path = f"{client}.parameters.{name}" if name else path
        description = self._text(fields.get("description"), f"{path}.description", _LONG)
        value, secret = fields.get("value"), fields.get("secret")
        reason = self._optional(fields.get("not_secret"), f"{path}.not_secret", _SHORT)
        if isinstance(node, yaml.MappingNode) and (value is None) == (secret is None):
            self.add(node, f"{path}: give either a value or a secret, the ARN of one")
        if secret is not None:
            if reason is not None:
                self.add(fields["not_secret"], f"{path}.not_secret: only beside a value")
            return ClientParameter(name, description, secret_ref=self._reference(secret, path))
        plain = self._plain(value, f"{path}.value")
        doubt = None if reason is not None or value is None else suspicion(name, plain)
        if doubt is not None:
            self.add(
                value,
                f"{path}.value: it looks like a secret: {doubt}. Put it into Secrets Manager or "
                "SSM and give its ARN as `secret`; if it is none, say why in `not_secret`",
            )
        return ClientParameter(name, description, value=plain, not_secret=reason)

    def _reference(self, node: yaml.Node, path: str) -> str | None:
        """Return a secret's ARN, or None for `withheld`, which leaves the reference as it is."""
        text = self.string(node, f"{path}.secret")
        if text is None or text == WITHHELD:
            return None
        if not _ARN.fullmatch(text):
            self.add(node, f"{path}.secret: allowed: {_ARN_ALLOWED}")
        return text

    def _tags(self, node: yaml.Node | None, path: str) -> dict[str, str]:
        if node is None:
            return {}
        pairs = list(self.pairs(node, path))
        if len(pairs) > _MOST_TAGS:
            self.add(node, f"{path}: {len(pairs)} of them; allowed: at most {_MOST_TAGS}")
        tags = {}
        for key, value in pairs:
            name = self._line(key, f"{path}: a tag's name", _WORD)
            tags[name] = self._text(value, f"{path}.{shown(name)}", _SHORT)
        return tags

    def _identifier(self, node: yaml.Node | None, path: str) -> str:
        text = None if node is None else self.string(node, path)
        if text is None:
            return ""
        if not is_identifier(text):
            self.add(node, f"{path}: got {shown(text)}; allowed: {IDENTIFIER_ALLOWED}")
            return ""
        return text

    def _plain(self, node: yaml.Node | None, path: str) -> str:
        text = "" if node is None else self.string(node, path) or ""
        size = len(text.encode("utf-8", "surrogatepass"))
        if size > MOST_VALUE_BYTES:
            self.add(node, f"{path}: {size:,} bytes; allowed: at most {MOST_VALUE_BYTES:,}")
        return text

    def _optional(self, node: yaml.Node | None, path: str, most: int) -> str | None:
        return None if node is None else self._line(node, path, most)

    def _line(self, node: yaml.Node | None, path: str, most: int) -> str:
        """Return a text that says something, in one line."""
        text = self._checked(node, path, most)
        if text is not None and (not text or "\n" in text or text != text.strip()):
            self.add(node, f"{path}: allowed: one line of text, without spaces around it")
        return text or ""

    def _text(self, node: yaml.Node | None, path: str, most: int) -> str:
        return self._checked(node, path, most) or ""

    def _checked(self, node: yaml.Node | None, path: str, most: int) -> str | None:
        """Return a text that everybody may read, None where there is none."""
        text = None if node is None else self.string(node, path)
        if text is None:
            return None
        if len(text) > most:
            self.add(node, f"{path}: {len(text):,} characters; allowed: at most {most:,}")
        if what := form(text):
            self.add(node, f"{path}: it has the form of {what}, and everybody may read this")
        return text
