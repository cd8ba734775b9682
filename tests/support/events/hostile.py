"""Texts that producers must not send, and what the site shows if they do."""

from __future__ import annotations

from typing import Any

from tests.support.readers.example_jobs import (
    ago,
    make_client,
    make_completed,
    make_entry,
    make_error_group,
    make_figures,
    make_job,
    make_overview,
    make_project,
)
from tests.support.site.fake_site_origin import FakeOrigin

HOSTILE = [
    "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>",
    "\u202egnirts desrever \u2067\u0645\u0631\u062d\u0628\u0627",
    "\U0001f469\u200d\U0001f52c\U0001f9ec" * 40,
    "W" * 1024,
    "Z\u0351\u0343\u036b\u0363" * 200,
    "javascript:window.broken=1",
]


def hostile_jobs(origin: FakeOrigin) -> None:
    """Give the origin a job and a history for each text, with the text in every field."""
    error = {"type": HOSTILE[3], "message": HOSTILE[0], "fingerprint": "x"}
    for number, text in enumerate(HOSTILE):
        fields: dict[str, Any] = {
            "name": text,
            "client_id": text[:128],
            "project_id": text[:128],
            "pipeline": text[:128],
            "parent_job_id": text[:128],
            "stage": text,
            "status": text,
            "error": error,
            "log_url": text,
            "tags": {text: text},
            "counters": {text[:40]: 2**53},
            "records_total": 2**53,
            "attempts": [
                {"attempt": each, "status": text, "result": text, "error": error} for each in (1, 2)
            ],
        }
        origin.jobs.append(make_job(f"job-{number}", **fields))
        detail = {"stage": text, "status": "running", "error": error, "delta": {text: 1}}
        origin.entries[f"job-{number}"] = [make_entry("e1", detail=detail)]


def hostile_rest(origin: FakeOrigin) -> None:
    """Put the text into everything else: errors, projects, clients, overview."""
    for number, text in enumerate(HOSTILE):
        named = {"name": text, "tags": {text: text}, "client_id": f"c{number}"}
        error = {"type": text, "message": text, "fingerprint": "x"}
        origin.jobs += [
            make_completed(f"bad-{number}", "failed", name=text, client_id=text[:128], error=error),
            make_job(f"run-{number}", name=text, stage=text, parent_job_id="bad-0"),
        ]
        origin.errors.append(
            make_error_group(
                f"f{number}", type=text, message=text, clients=[text[:128]], job_ids=[text[:128]]
            )
        )
        origin.projects.append(
            make_project(f"p{number}", **named, owner=text, status=text, counters={text[:40]: 1})
        )
        origin.clients.append(make_client(**named, description=text, contact=text))
        parameter = {"name": text, "value": text, "description": text, "updated_at": text}
        origin.configs[f"c{number}"] = {"parameters": [parameter], "secrets_omitted": text}
    by_client = {text[:128]: make_figures(name=text) for text in HOSTILE}
    origin.overview = make_overview(by_client, running=6, last_event_at=ago(seconds=1))
