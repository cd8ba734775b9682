"""What each member of the documents means. A member that has no words here fails a test."""

from __future__ import annotations

from collections.abc import Mapping

# By name, for all documents that have such a member.
FIELDS: Mapping[str, str] = {
    "attempt": "The number of the attempt, from 1.",
    "attempts": "Every attempt that was reported, by number.",
    "client_id": "The client that the work is for.",
    "counters": "The sums of all deltas, by name.",
    "covers": "The span of time that this page looked through; null where it has none.",
    "created_at": "When the earliest of the events occurred.",
    "detail": "The event's detail, with every field that was sent, known or not.",
    "detail_type": "`job_update` or `project_update`.",
    "duration_seconds": "From start to end; null while either is unknown.",
    "ended_at": "When it completed; null until then.",
    "error": "Why it failed, as reported; null where nothing was.",
    "event_id": "The event's id, by which repeats of it are known.",
    "field": "The field that breaks the contract.",
    "fingerprint": "What errors of one kind share.",
    "from": "The oldest moment of the span; null where it is open.",
    "items": "What was found, in order.",
    "job_id": "The job's id.",
    "last_seen_at": "When the ledger last took in something new about it.",
    "log_url": "Where its log is.",
    "message": "What happened, in words.",
    "name": "What people call it.",
    "next_cursor": "Send it as `cursor` to get the next page; null on the last one.",
    "occurred_at": "When it happened, by the producer's clock.",
    "order": "What the items are ordered by: `occurred_at` or `event_id`.",
    "parent_job_id": "The job that started this one.",
    "pipeline": "The pipeline that the job is a run of; `default` where none was named.",
    "project_id": "The project that the work belongs to.",
    "raw": "The event as it came.",
    "reason": "Why it was rejected, as a word for programs.",
    "received_at": "When the ledger took it in.",
    "records_total": "How many records there are to do.",
    "rejection_id": "The id by which `run-ledger rejected` knows it.",
    "result": "How it ended; null until it is completed.",
    "source": "Who sent the event; null where that can't be told.",
    "stage": "What it is busy with.",
    "stalled": "Whether it is running and has been silent for longer than its heartbeat allows.",
    "started_at": "When it first ran; null where no event says so.",
    "status": "Its state now.",
    "tags": "Whatever its producer labelled it with.",
    "to": "The newest moment of the span; null where it is open.",
    "truncated": "Whether `raw` was cut as it was too long to keep.",
    "type": "What kind of error it is.",
}

# By document and name, where a member means something else there.
SPECIAL: Mapping[tuple[str, str], str] = {
    ("Rejection", "status"): "Whether somebody has seen to it since.",
    ("Rejection", "message"): "What was there and what is allowed.",
    ("Problem", "type"): "What kind of problem it is: a URN that stays the same, for programs.",
    ("Problem", "title"): "The kind of problem, in words.",
    ("Problem", "status"): "The HTTP status.",
    ("Problem", "detail"): "What is wrong with this request, in words.",
    ("Problem", "parameter"): "The parameter that is wrong, where one is.",
    ("Job", "attempt"): "The latest attempt; status, result, times and error are those of it.",
}
