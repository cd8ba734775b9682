"""Who gets which digests, and who has switched them off."""

from msgspec import Struct

from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.store.clients.digest_reads import read_digests, read_mail_channels
from run_ledger.store.digests.digest_records import DigestRecords, SwitchedOffBy, address_digest
from run_ledger_ops.clients.digest_declarations import digest_text
from run_ledger_ops.console.target import Target

_BY = {"link": "by the link in a mail", "operator": "by `run-ledger digest off`"}


class DigestAddress(Struct, frozen=True):
    """A mail address of a digest's channel; since when it gets none, and who switched it off."""

    address: str
    channel: str
    switched_off_at: str | None = None
    switched_off_by: SwitchedOffBy | None = None

    @property
    def off_words(self) -> str:
        """Return since when it is off and by whom, to end a line with; nothing where it is on."""
        if self.switched_off_by is None:
            return ""
        return f", off since {self.switched_off_at} {_BY[self.switched_off_by]}"


class DigestStanding(Struct, frozen=True):
    """The digest of a client, or of staff (``*``), in words, and its addresses."""

    client_id: str
    digest: str
    addresses: tuple[DigestAddress, ...] = ()

    @property
    def whose(self) -> str:
        """Return whose it is, in words."""
        return "staff" if self.client_id == STAFF else f"client {self.client_id}"


def digest_standings(system: Target) -> list[DigestStanding]:
    """Return the digests that staff and clients declare; raises StoreUnavailable."""
    client, tables = system.dynamodb, system.tables
    records = DigestRecords(client, tables.incidents)
    found = []
    for declared in read_digests(client, tables.clients):
        client_id, rule = declared.client_id, declared.rule
        if rule is None:
            found.append(DigestStanding(client_id, "unreadable: apply the clients' file again"))
            continue
        off = {one.address_digest: one for one in records.switched_off(client_id)}
        addresses = []
        for channel in read_mail_channels(client, tables.clients, client_id):
            if rule.to is not None and channel.name not in rule.to:
                continue
            for address in channel.recipients:
                one = off.get(address_digest(address))
                is_off = (None, None) if one is None else (one.at, one.by)
                addresses.append(DigestAddress(address, channel.name, *is_off))
        found.append(DigestStanding(client_id, digest_text(rule), tuple(addresses)))
    return found
