"""The only reader of the environment."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from msgspec import Struct

from run_ledger.store.dynamo.table_names import Tables


class Settings(Struct, frozen=True):
    """The settings of a function, from its environment."""

    tables: Tables
    entry_ttl_days: int
    rollup_shards: int
    cursor_key: str
    log_level: str
    entry_layout: str = "log"
    issuer: str = ""
    stage: str = "none"
    bus_name: str = ""
    queue_url: str = ""
    dead_queue_urls: tuple[str, ...] = ()
    token_keys_url: str = ""
    delivery_queue_url: str = ""
    mail_from: str = ""
    site_url: str = ""
    digest_off_url: str = ""
    """Where somebody who gets digests switches them off; a link's secret comes after it."""
    outbox: str = ""
    """A folder for mails: a local stack's alone, whose webhooks may go to this machine, too."""
    smtp_port: int | None = None
    """The port of a mail server on this machine, which gets a local stack's mails, too."""
    events_per_second: int = 100
    """How many events a second one caller of the intake may send, as a mean of ten seconds."""
    is_telling: bool = False
    """Whether the stage makes incidents of what its clients' alerts ask for."""
    listeners_table: str = ""
    people_client: str = ""
    """The app client by which people sign in to the site."""
    push_endpoint: str = ""
    """Where messages for open pages are posted."""


def load() -> Settings:
    """Return the settings; raises ValueError, which names a variable with a wrong value."""
    environment = os.environ
    return Settings(
        tables=Tables(
            entries=environment.get("ENTRIES_TABLE", ""),
            jobs=environment.get("JOBS_TABLE", ""),
            projects=environment.get("PROJECTS_TABLE", ""),
            clients=environment.get("CLIENTS_TABLE", ""),
            rollups=environment.get("ROLLUPS_TABLE", ""),
            rejections=environment.get("REJECTIONS_TABLE", ""),
            incidents=environment.get("INCIDENTS_TABLE", ""),
        ),
        entry_ttl_days=_positive("ENTRY_TTL_DAYS", 90),
        rollup_shards=_positive("ROLLUP_SHARDS", 8),
        cursor_key=environment.get("CURSOR_KEY", ""),
        log_level=environment.get("LOG_LEVEL", "INFO").upper(),
        entry_layout=_one_of("ENTRY_LAYOUT", ("log", "rows")),
        issuer=environment.get("ISSUER", ""),
        stage=environment.get("STAGE", "none"),
        bus_name=environment.get("BUS_NAME", ""),
        queue_url=environment.get("QUEUE_URL", ""),
        dead_queue_urls=tuple(environment.get("DEAD_QUEUE_URLS", "").split()),
        token_keys_url=_token_keys_url(
            environment.get("ISSUER", ""), environment.get("TOKEN_KEYS_ORIGIN", "")
        ),
        delivery_queue_url=environment.get("DELIVERY_QUEUE_URL", ""),
        mail_from=environment.get("MAIL_FROM", ""),
        site_url=_on_emulator("RUN_LEDGER_LOCAL_SITE") or environment.get("SITE_URL", ""),
        digest_off_url=_digest_off_url(),
        outbox=_on_emulator("RUN_LEDGER_OUTBOX"),
        smtp_port=int(_on_emulator("RUN_LEDGER_SMTP_PORT") or 0) or None,
        events_per_second=_positive("INTAKE_EVENTS_PER_SECOND", 100),
        is_telling=_one_of("TELLING", ("false", "true")) == "true",
        listeners_table=environment.get("LISTENERS_TABLE", ""),
        people_client=environment.get("PEOPLE_CLIENT", ""),
        push_endpoint=_push_endpoint(environment.get("PUSH_ENDPOINT", "")),
    )


def _on_emulator(name: str) -> str:
    """Return a variable beside an AWS on this machine; elsewhere nothing, whoever has set it."""
    is_here = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname == "127.0.0.1"
    return os.environ.get(name, "") if is_here else ""


def _digest_off_url() -> str:
    site = _on_emulator("RUN_LEDGER_LOCAL_SITE")
    return f"{site}/digests/off" if site else os.environ.get("DIGEST_OFF_URL", "")


def _push_endpoint(address: str) -> str:
    """Return where the sockets of a stage are spoken to; an emulator has them below its own."""
    origin = _on_emulator("AWS_ENDPOINT_URL")
    parts = urlsplit(address)
    api_id = parts.netloc.partition(".")[0]
    return f"{origin}/_aws/execute-api/{api_id}{parts.path}" if origin and address else address


def _token_keys_url(issuer: str, origin: str) -> str:
    """Return where the pool that issues tokens publishes its keys; *origin* is an emulator's."""
    pool = issuer.rpartition("/")[2]
    return f"{f'{origin}/{pool}' if origin else issuer}/.well-known/jwks.json" if issuer else ""


def _positive(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    if not value.isascii() or not value.isdecimal() or int(value) < 1:
        raise ValueError(f"{name} is {value!r}; allowed: an integer of at least 1")
    return int(value)


def _one_of(name: str, allowed: tuple[str, ...]) -> str:
    """Return the variable's value, the first allowed one where it is absent."""
    value = os.environ.get(name, allowed[0])
    if value not in allowed:
        raise ValueError(f"{name} is {value!r}; allowed: {' or '.join(allowed)}")
    return value
