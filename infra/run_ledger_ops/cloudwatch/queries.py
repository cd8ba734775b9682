"""What is asked of the logs, in the language of CloudWatch Logs Insights.

A query names its log group by the function that writes it. ``__CLIENT__``, ``__STATUS__`` and
``__RESULT__`` stand for what is chosen at the top of the dashboard: regular expressions, by default
one that every text matches, which is why the writer has a text in each of these members.
"""

from __future__ import annotations

from typing import NamedTuple

from run_ledger.domain.contract.vocabulary import RESULTS

CLIENT, STATUS, RESULT = "__CLIENT__", "__STATUS__", "__RESULT__"
EVERY = ".*"
_OF_CLIENT = f"client_id like /^{CLIENT}$/"
_CHOSEN = f"{_OF_CLIENT} and status like /^{STATUS}$/ and result like /^{RESULT}$/"


class Query(NamedTuple):
    """One question to the logs of a function, and how its answer is shown."""

    name: str
    function: str
    text: str
    view: str = "table"


def _ended_by(result: str) -> str:
    return f"strcontains(turned_to, '{result}') as {result}"


QUERIES = (
    Query(
        "Ended attempts by result",
        "writer",
        f"""fields {", ".join(map(_ended_by, RESULTS))}
| filter message = 'posted' and turned_to in {list(RESULTS)} and {_CHOSEN}
| stats {", ".join(f"sum({one})" for one in RESULTS)} by bin(5m)""",
        view="timeSeries",
    ),
    Query(
        "Recent failed attempts",
        "writer",
        f"""\
fields @timestamp, client_id, job_id, result, error_type, error_fingerprint, attempt, project_id,\
 pipeline, request_id
| filter message = 'posted' and turned_to in ['failed', 'timed_out'] and {_CHOSEN}
| sort @timestamp desc
| limit 50""",
    ),
    Query(
        "Failed attempts by error",
        "writer",
        f"""filter message = 'posted' and turned_to in ['failed', 'timed_out'] and {_CHOSEN}
| stats count(*) as attempts, latest(job_id) as newest by error_type, error_fingerprint, client_id
| sort attempts desc
| limit 20""",
    ),
    Query(
        "Running, queued, stalled",
        "sweeper",
        """filter message = 'swept' and SweepFailed = 0
| stats max(Running) as running, max(Queued) as queued, max(Stalled) as stalled by bin(5m)""",
        view="timeSeries",
    ),
    Query(
        "Newest event, seconds ago",
        "sweeper",
        """fields @timestamp, NewestEventAgeSeconds
| filter message = 'swept' and ispresent(NewestEventAgeSeconds)
| sort @timestamp desc
| limit 20""",
    ),
    Query(
        "Running and stalled by client",
        "sweeper",
        f"""filter message = 'running' and {_OF_CLIENT}
| stats latest(running) as runs, latest(stalled) as stand_still by client_id
| sort stand_still desc
| limit 50""",
    ),
    Query(
        "Slowest writes",
        "writer",
        f"""\
fields @timestamp, write_ms, events, client_id, job_id, status, result, confirmed, request_id
| filter message = 'posted' and {_CHOSEN}
| sort write_ms desc
| limit 20""",
    ),
    Query(
        "Rejected events by reason",
        "writer",
        """filter message = 'rejected'
| stats count(*) as rejected, latest(rejection_id) as newest by reason, field
| sort rejected desc
| limit 50""",
    ),
    Query(
        "Duplicates met",
        "writer",
        f"""filter message in ['posted', 'duplicate'] and {_OF_CLIENT}
| stats sum(duplicates) as met_again, sum(events) as posted by bin(5m)""",
        view="timeSeries",
    ),
    Query(
        "Events that could not be posted",
        "writer",
        """fields @timestamp, failure, request_id
| filter message = 'failed'
| sort @timestamp desc
| limit 20""",
    ),
    Query(
        "Slowest answers of the API",
        "reader",
        """fields @timestamp, RequestMs, route, status, caller, Rounds, Calls, bytes, api_request_id
| filter message = 'request'
| sort RequestMs desc
| limit 20""",
    ),
    Query(
        "Refusals of the API",
        "reader",
        """filter message = 'request' and ispresent(problem)
| stats count(*) as refused by problem, route, caller
| sort refused desc
| limit 20""",
    ),
)
