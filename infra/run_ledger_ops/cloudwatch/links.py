"""Links into AWS's console, whose fragments are encoded in ways of their own."""

from __future__ import annotations

from urllib.parse import quote

from .queries import CLIENT, EVERY, RESULT, STATUS, Query

STAGE, REGION = "${Stage}", "${AWS::Region}"
_CONSOLE = f"https://{REGION}.console.aws.amazon.com"
_CLOUDWATCH = f"{_CONSOLE}/cloudwatch/home?region={REGION}"
# A text that no encoding changes; the stage takes its place afterwards.
_STAGE_STAND_IN = "STAGE0STAND0IN"
_HOUR = 3600


def function_log_group(function: str) -> str:
    """Return the name of a function's log group."""
    return f"/aws/lambda/run-ledger-{STAGE}-{function}"


def access_log_group() -> str:
    """Return the name of the log group of the API's access log."""
    return f"/aws/apigateway/run-ledger-{STAGE}"


def log_group(name: str) -> str:
    """Return the link to a log group."""
    return f"{_CLOUDWATCH}#logsV2:log-groups/log-group/{_twice(name)}"


def insights(query: Query) -> str:
    """Return the link that opens *query* in Logs Insights, over the last hour and all clients."""
    text = query.text
    for pattern in (CLIENT, STATUS, RESULT):
        text = text.replace(pattern, EVERY)
    detail = (
        f"~(end~0~start~-{_HOUR}~timeType~'RELATIVE~unit~'seconds"
        f"~editorString~'{_starred(text)}~source~(~'{_starred(function_log_group(query.function))}))"
    )
    return f"{_CLOUDWATCH}#logsV2:logs-insights$3FqueryDetail$3D{_twice(detail)}"


def queue(name: str) -> str:
    """Return the link to a queue."""
    url = quote("https://sqs.", safe="") + REGION + "." + "${AWS::URLSuffix}" + quote("/", safe="")
    url += "${AWS::AccountId}" + quote("/", safe="") + f"run-ledger-{STAGE}-{name}"
    return f"{_CONSOLE}/sqs/v3/home?region={REGION}#/queues/{url}"


def table(name: str) -> str:
    """Return the link to a table."""
    return f"{_CONSOLE}/dynamodbv2/home?region={REGION}#table?name=run-ledger-{STAGE}-{name}"


def _twice(text: str) -> str:
    """Return *text* encoded twice, with ``$`` for each ``%``, as fragments of CloudWatch are."""
    plain = text.replace(STAGE, _STAGE_STAND_IN)
    encoded = quote(quote(plain, safe="*"), safe="").replace("%", "$")
    return encoded.replace(_STAGE_STAND_IN, STAGE)


def _starred(text: str) -> str:
    """Return *text* as a string within such a fragment: ``*`` and two digits for odd characters."""
    plain = text.replace(STAGE, _STAGE_STAND_IN)
    encoded = "".join(
        one if one.isascii() and (one.isalnum() or one in "_.-") else f"*{ord(one):02x}"
        for one in plain
    )
    return encoded.replace(_STAGE_STAND_IN, STAGE)
