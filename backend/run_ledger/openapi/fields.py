"""What each member of the documents means. A member that has no words here fails a test."""

from __future__ import annotations

from collections.abc import Mapping

from run_ledger.domain.contract.vocabulary import (
    MOST_MODELS,
    MOST_OWN_COUNTERS,
    MOST_OWN_COUNTERS_OF_A_JOB,
    OTHER_COUNTERS,
    OTHER_MODELS,
    RESULTS,
)

_KEPT = (
    "Of names that the contract does not list, the {} first in byte order are kept; the rest is "
    f"summed as `{OTHER_COUNTERS}`."
)

# By name, for all documents that have such a member.
FIELDS: Mapping[str, str] = {
    "acknowledged_by": "Who looks after it, as that person said last; null for nobody.",
    "about": "The job or project that the event names, as `job nightly-7`; null for none.",
    "as_of": "The minute in which the figures were taken.",
    "at": "When the interval begins.",
    "because": "Why it closed, or what changed, as `grew`, `reminder` or, after what somebody did, "
    "`acknowledged`, `muted`, `unmuted` or `noted`; null where it opened.",
    "began_at": "When the first job ended that failed so.",
    "attempt": "The number of the attempt, from 1.",
    "attempts": "Every attempt that was reported, by number.",
    "closed_at": "When it closed; null while it is open.",
    "closed_because": "Why it closed: `healed`, as a job of the pipeline has succeeded "
    "after the last failure, `withdrawn`, as failures were corrected away or nobody asks for it "
    "any more, `month_over`, as the month of a budget is, or `resolved`, by somebody; null while "
    "it is open.",
    "by": "Who did this: a person's address; null where nobody did.",
    "text": "What that person says: show it as text; null where there is nothing.",
    "until": "When the mute ends by the clock; null where this is none, or lasts until it grows.",
    "muted": "Whether nobody is told of it for now.",
    "muted_until": "When the mute ends; null where there is none, or it lasts until it grows.",
    "client_id": "The client that the work is for.",
    "clients": "The clients whose attempts failed with this fingerprint, sorted.",
    "components": "The schemas, headers, responses and ways to sign in that paths refer to.",
    "contact": "Whom to ask at the client; null where nobody was named.",
    "count": "How many attempts failed or timed out with this fingerprint, also where a later "
    "attempt of the job followed.",
    "counters": "The job's counters: the sum of all deltas, by name. With `llm_calls_unpriced` "
    "among them, `cost_microusd` is a lower bound: nobody knows what those calls cost. "
    f"{_KEPT.format(MOST_OWN_COUNTERS_OF_A_JOB)}",
    "counters_by_model": "What of the counters events told by language model (`delta_by_model`), "
    "by the model's name and then the counter's. Names of counters that the contract lacks are one "
    f"counter of each model, `{OTHER_COUNTERS}`. The {MOST_MODELS} models whose names come first "
    f"in byte order are kept apart; all others are the model `{OTHER_MODELS}`. Models' names are "
    "what producers sent: show them as text.",
    "covers": "The time range that this page looked through; null where it has none.",
    "created": "How many jobs were created.",
    "created_at": "When the earliest of the events occurred.",
    "days": "The days with failures, oldest first.",
    "declared": "Whether the client was declared; false where only its events are known.",
    "description": "A description of the client; null where none was declared.",
    "detail": "The event's detail, with every field that was sent, known or not.",
    "detail_type": "`job_update` or `project_update`.",
    "due_at": "When the project should be done; null where no event gives it.",
    "duration_p50_seconds": "The latest attempts of half of the jobs that ended took no longer; "
    "null where none did.",
    "duration_p95_seconds": "The latest attempts of 95% of the jobs that ended took no longer; "
    "null where none did.",
    "duration_seconds": "Seconds from start to end; null while either is unknown.",
    "ended": "How many jobs ended, with whatever result. A job counts once at most, by the "
    "end of its latest attempt.",
    "ended_at": "When the attempt ended; null until then. A superseded attempt ends where the next "
    "one begins.",
    "error": "The error that was reported; null where none was.",
    "error_rate": "Failed and timed out jobs as a share of those that ended and were not "
    "cancelled, from 0 to 1; null where there were none.",
    "event_id": "The event's id. A repeat of the event has the same. Of what became of an "
    "incident: null unless somebody did it.",
    "field": "The field that breaks the contract.",
    "fingerprint": "The key of the error group: errors with the same cause share it.",
    "first_ended_at": "The attempt's earliest end, where an event of a later time says that it is "
    "running; null for any other.",
    "first_seen_at": "When the failure occurred that the ledger received first.",
    "from": "When the time range begins; null where it is open.",
    "group_by": "What the series are grouped by; null where there is one series over everything.",
    "history": "What became of it, oldest first: the first turn and the latest ones, 200 at most.",
    "hours": "Every hour since `since`, oldest first; the last one is not over yet. Of 24 hours "
    "alone, empty for longer periods.",
    "incident_id": "The incident's id.",
    "info": "What the API is, in words.",
    "interval": "The length of a point's interval.",
    "items": "The items of this page, in order.",
    "job_id": "The job's id.",
    "job_ids": "A few of the jobs, the latest first.",
    "jobs": "How many jobs there are, by what they are now.",
    "job_names": "The names of those of these jobs that have one, by job id.",
    "jobs_done": "How many jobs are done: those that succeeded, entirely or in part. A job that "
    "failed, timed out or was cancelled has not done what the project expects of it.",
    "jobs_expected": "How many jobs the project should have; null where no event gives it.",
    "key": "The group, as `client_id`, `project_id` or `pipeline`; empty where nothing is grouped.",
    "last_event_at": "When the ledger last counted something; null where it never has.",
    "last_seen_at": "When the ledger last took in a new event of it.",
    "left_out": "Whom the answer is without, since they are too many or were counted too often for "
    "one answer; null where it is whole. Ask for one of them alone.",
    "log_url": "The address of the job's log; null where no event gives it.",
    "message": "The error's message.",
    "name": "The name for people; null where there is none.",
    "next_cursor": "Send it as `cursor` to get the next page; null on the last one.",
    "occurred_at": "When it happened, by the producer's clock.",
    "opened_at": "When it opened: when the grace was over, and enough jobs had failed.",
    "openapi": "The version of the OpenAPI specification.",
    "order": "What the items are ordered by: `occurred_at`, `received_at` or `event_id`.",
    "overdue": "Whether the due date has passed, while fewer jobs are done than expected (or no "
    "number is expected) and the status is none of `paused`, `completed` and `archived`.",
    "owner": "Who is responsible for the project; null where no event gives it.",
    "parameters": "The plain parameters, by name.",
    "parent_job_id": "The job that started this one; null where no event gives it.",
    "paths": "Each path, with its parameters, answers and examples.",
    "period": "How long the period is: from `since` until now, which is up to an hour more.",
    "attention": "What somebody should look at: stalled jobs, then those that failed or timed out "
    "in the period, then partial ones, then overdue projects; of each the newest, five at most. A "
    "project is as new as its due date.",
    "errors": "The error groups of jobs that failed since the UTC day in which the period began.",
    "groups": "The groups, those with most jobs first; ten at most.",
    "is_new": "Whether nothing failed with this fingerprint in the 30 days before.",
    "more": "How many further groups there are.",
    "running_jobs": "Running jobs that are not stalled: the newest, five at most.",
    "security": "How a request is signed in.",
    "servers": "The address of this stage.",
    "what": "What went wrong: the result of the jobs.",
    "why": "Why somebody should look: `failed` stands for timed out, too.",
    "job": "The job; null where it is about a project.",
    "project": "The project; null where it is about a job.",
    "pipeline": "The job's pipeline; `default` where no event names one.",
    "points": "What was counted, oldest first. An interval in which nothing was counted is left "
    "out.",
    "previous": "What happened in the previous period, which ends at `since`.",
    "previous_since": "When the previous period begins; it ends at `since`.",
    "project_id": "The project that the work belongs to.",
    "queued": "How many jobs are queued.",
    "raw": "The event as it came.",
    "reason": "Why the event was rejected, as a word for programs.",
    "probe_id": "The probe's id, as its producer chose it.",
    "sent_at": "When the bus took the probe in; null where it did not say so.",
    "received_at": "When the ledger took the event in.",
    "records_total": "How many records the job has to process; null where no event gives it.",
    "rejection_id": "The id by which `run-ledger rejected` knows it.",
    "restarted_at": "When the latest event occurred that says `running` although its attempt had "
    "ended before. It reopens nothing; most likely the job id was used twice. Null where there is "
    "none.",
    "result": "The result; null until the attempt has ended.",
    "running": "How many jobs are running, stalled ones included.",
    "secrets_omitted": "How many secret parameters are left out.",
    "series": "One series for each group, sorted by key.",
    "since": "When the period begins: the first moment of its oldest hour.",
    "source": "Who sent the event; null where that is unknown.",
    "stage": "What the job is doing, in its own words; null where no event gives it.",
    "stalled": "Whether it is running and has been silent for longer than its heartbeat allows.",
    "state": "Whether it is `open` or `closed`.",
    "started": "How many attempts started, the first and later ones of a job.",
    "started_at": "When the attempt started; null where no event says so.",
    "status": "The state now.",
    "tags": "Names and values that the producer or the declaration gave.",
    "telling": "Whether the stage makes incidents. Where it does not, that there are none says "
    "nothing.",
    "to": "When the time range ends; null where it is open.",
    "total": "How many jobs there are in all.",
    "totals": "Over all clients that the caller may see.",
    "truncated": "Whether `raw` was cut because it was too long to keep.",
    "type": "The error's type, as its producer names it.",
    "updated_at": "When the parameter was last changed.",
    "value": "The parameter's value.",
    **{result: f"How many jobs ended as `{result}`." for result in RESULTS},
}

_STALLED = (
    "How many running jobs have been silent for longer than their heartbeat allows; null where "
    "more jobs are running than can be looked through."
)

# By document and name, where a member means something else there.
SPECIAL: Mapping[tuple[str, str], str] = {
    ("LeftOut", "count"): "How many clients and projects.",
    ("LeftOut", "clients"): "The ids of some of the clients, sorted; 100 at most.",
    ("LeftOut", "projects"): "The ids of some of the projects, sorted; 100 at most.",
    ("LeftOut", "after"): "Null, unless there are more clients than can be looked through: then "
    "all clients whose id sorts after this one are left out, too, and are not counted.",
    ("Overview", "days"): "The days of UTC in the period, over all clients; the first begins with "
    "the period, the last is not over yet. Empty for 24 hours, which `hours` tells.",
    ("OverviewErrors", "since"): "The midnight of UTC from which failures are counted.",
    ("Trends", "other"): "The sum of all groups that have no series, as there are too many; its "
    "`key` is empty. Null where each group has a series.",
    ("Proof", "since"): "When the time that the proof covers begins; null before its first run.",
    ("Proof", "proved_to"): "All that came in until then and settled was recounted; null before "
    "the first run.",
    ("Proof", "older_proved_to"): "The same of what came late to other jobs; null before the first "
    "run.",
    ("Proof", "judged_at"): "When something was recounted last; null before the first run.",
    ("Proof", "judged"): "How often a job was recounted; one that changed later counts again.",
    ("Proof", "not_judged"): "How many jobs could not be recounted, as entries of them have "
    "expired or there are too many.",
    ("Proof", "rows_proved_to"): "Totals of the hours until then were recounted; null before the "
    "first run.",
    ("Proof", "rows_judged"): "How often a rollup row was recounted.",
    ("Proof", "rows_not_judged"): "How many rows could not be recounted, although their day is "
    "over.",
    ("Proof", "projects_judged"): "How often a project was recounted from its own events.",
    ("Proof", "differences"): "How many things differ now, up to 1,000.",
    ("Proof", "differing"): "What differs, up to 100.",
    ("Drift", "kind"): "What it is: `job`, `project` or `row`, which is one of totals.",
    ("Drift", "id"): "The id of the job or project; of a row its keys, as `run-ledger audit` names "
    "it.",
    ("Drift", "client_id"): "Whose it is; null for a row that counts the jobs of all clients.",
    ("Drift", "found_at"): "When it was found last.",
    ("Drift", "differences"): "What differs in it, up to 10 attributes, or 100 of a row.",
    ("WrongValue", "attribute"): "The attribute, as `run-ledger audit` names it; `item` for the "
    "whole, and `entries` where one can't be read.",
    ("WrongValue", "stored"): "What is stored, where it is a number.",
    ("WrongValue", "recounted"): "What the entries give, where it is a number.",
    **{
        (document, "jobs"): "How many jobs have failed so, by their present result; once the "
        "incident is closed, how many had."
        for document in ("Incident", "OneIncident")
    },
    **{
        (document, "project_id"): "The project that the rule names; null where it is about the "
        "pipeline in all projects."
        for document in ("Incident", "OneIncident")
    },
    **{
        (document, "client_id"): "Whose it is; `*` for what concerns staff alone, as `differs`."
        for document in ("Incident", "OneIncident")
    },
    **{
        (
            document,
            "tag",
        ): "The tag that the rule names, as `team:search`; null where it names none."
        for document in ("Incident", "OneIncident")
    },
    **{
        (document, "of_staff"): "Whether it is one of staff: by a rule of theirs, or about the "
        "ledger itself. Only staff see such incidents, and act on them, with `*` for the client."
        for document in ("Incident", "OneIncident")
    },
    **{
        (document, "last_job_id"): "The last of the jobs; null where it is about no job. Of "
        "`differs`, what differs: a job's id, or a name with a space in it."
        for document in ("Incident", "OneIncident")
    },
    **{
        (document, "fingerprint"): "The key of the error group; null where failures have none. Of "
        "`error_rate` and `budget`, what was exceeded."
        for document in ("Incident", "OneIncident")
    },
    **{
        (document, "error"): "The error of the last job that failed so; null where it gave none."
        for document in ("Incident", "OneIncident")
    },
    ("Overview", "incidents"): "The incidents that are open now: what people were told is wrong.",
    ("Overview", "notices"): "How notices come through to people: for staff who ask about all "
    "clients, where the stage tells; null otherwise.",
    ("Notices", "channels"): "The channels that were ever used, by client; `*` stands for staff.",
    ("Notices", "waiting"): "How many notices failed and are tried again; null where they are more "
    "than can be counted.",
    ("Notices", "oldest_waiting_at"): "When the oldest of them was made; null where none waits.",
    ("Notices", "given_up"): "How many notices of the last 30 days are not tried any more; null "
    "as `waiting`.",
    ("Notices", "last_given_up_at"): "When the newest of them was made; null where there is none, "
    "or `given_up` is null.",
    ("Channel", "channel"): "The channel's name in the clients' file.",
    ("Channel", "worked_at"): "When something came through last; null where nothing did.",
    ("Channel", "failing_since"): "Since when it fails; null while it works.",
    ("Channel", "off_at"): "When its receiver said that it is gone for good, which switched it "
    "off; null otherwise.",
    ("Channel", "reason"): "Why it fails; null while it works.",
    ("OpenIncidents", "open"): "How many incidents are open; null where they are more than can be "
    "looked through.",
    ("OpenIncidents", "of_staff"): "How many of those that are open are by staff's rules, as "
    "`/incidents?of_staff=true` lists them; what fails by a client's rules, too, is another "
    "incident, of that client. 0 for all but staff. Null as `open`.",
    ("OpenIncidents", "by_client"): "How many are open, by client, without those that have none; "
    "under `*`, for staff, what concerns staff alone. Null as `open`.",
    ("OpenIncidents", "newest"): "Those that opened last, five at most.",
    ("IncidentTurn", "at"): "When it happened.",
    ("IncidentTurn", "kind"): "What happened: `opened`, `changed` or `closed`.",
    ("IncidentTurn", "jobs"): "How many jobs had failed so by then.",
    ("Rejection", "status"): "What operators have done about it.",
    ("Rejection", "message"): "What the field held and what is allowed.",
    ("Problem", "type"): "The kind of problem, for programs: a URN that stays the same.",
    ("Problem", "title"): "The kind of problem, in words.",
    ("Problem", "status"): "The HTTP status.",
    ("Problem", "detail"): "What is wrong with this request, in words.",
    ("Problem", "parameter"): "The parameter that is wrong, where one is.",
    **{("AttemptFigures", result): f"How many attempts ended as `{result}`." for result in RESULTS},
    ("AttemptFigures", "ended"): "How many attempts ended, with whatever result.",
    (
        "AttemptFigures",
        "error_rate",
    ): "Failed and timed out attempts as a share of those that ended "
    "and were not cancelled, from 0 to 1; null where there were none.",
    ("AttemptFigures", "duration_p50_seconds"): "Half of the attempts that ended took no longer; "
    "null where none did.",
    ("AttemptFigures", "duration_p95_seconds"): "95% of the attempts that ended took no longer; "
    "null where none did.",
    ("Attempt", "result"): "The result; null until the attempt has ended, and where it never did.",
    ("Attempt", "status"): "The state now; `superseded` where the attempt never ended and a later "
    "one follows.",
    ("Job", "attempt"): "The latest attempt; status, result, times and error are of this attempt.",
    ("Job", "ended_at"): "When the latest attempt ended; null until then.",
    **{
        (document, "attempts"): "The same of attempts: of each that started or ended then."
        for document in ("Point", "Figures", "ClientFigures", "PeriodFigures")
    },
    **{
        (document, "counters"): "The sum of the period's deltas, by name, of the counters that the "
        "contract names; zeros are left out. With `llm_calls_unpriced` among them, "
        "`cost_microusd` is a lower bound."
        for document in ("Figures", "ClientFigures", "PeriodFigures")
    },
    ("Point", "counters"): "The sum of the interval's deltas, by name; zeros are left out. "
    f"{_KEPT.format(MOST_OWN_COUNTERS)}",
    ("Trends", "from"): "The first moment of the first interval.",
    ("Trends", "to"): "The first moment after the last interval.",
    ("Trends", "tz"): "The time zone of the days, with `interval=day`.",
    **{("JobTotals", result): f"How many jobs are completed as `{result}`." for result in RESULTS},
    ("Parameter", "description"): "What the parameter is for.",
    ("Parameter", "name"): "The parameter's name.",
    ("Project", "counters"): "The sum of the deltas of the project's own events, by name. "
    f"{_KEPT.format(MOST_OWN_COUNTERS_OF_A_JOB)}",
    ("Project", "created_at"): "When the earliest of its events occurred; null where none did.",
    ("Project", "last_seen_at"): "When the ledger last took in an event; null where none came.",
    ("Project", "status"): "The project's state, by its latest event; null where none gives it.",
    ("ErrorGroup", "fingerprint"): "The error group's key; `none` for failures without an error.",
    ("ErrorGroup", "jobs"): "How many jobs failed so by their latest attempt: those that `/jobs` "
    "lists for this `fingerprint`, with `ended_from` and `ended_to` set to the time range.",
    ("ErrorGroup", "last_seen_at"): "When the latest failure that the ledger knows of occurred.",
    ("ErrorGroup", "message"): "The message of one of the latest failures, cut if it is long; "
    "null where there was no error.",
    ("ErrorGroup", "type"): "The error's type; null where there was no error.",
    ("FailureDay", "at"): "When the day begins, in UTC.",
    ("FailureDay", "jobs"): "How many jobs failed so on this day by their latest attempt.",
    ("ClientFigures", "stalled"): _STALLED,
    ("Figures", "stalled"): _STALLED,
    ("Description", "tags"): "The groups of paths, in the order in which they are shown.",
    ("Overview", "clients"): "The same figures by client, sorted by `client_id`.",
}
