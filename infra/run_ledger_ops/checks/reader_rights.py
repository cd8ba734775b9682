"""Whether AWS refuses the reader of the API what it must not read."""

import json

from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.console.target import Target

_CHECK = {"check": "read_rights"}
_PART = "secrets"


def rights_of_reader(system: Target) -> Finding:
    """Let the reader try the reads of clients that its policy forbids, and the one it needs.

    The function makes them in its own role, so this shows whether IAM applies the conditions of the
    policy as they are meant. Raises ValueError where the function fails or does not know the check.
    """
    called = system.client("lambda").invoke(
        FunctionName=system.outputs["ReaderFunctionName"],
        Qualifier="live",
        Payload=json.dumps(_CHECK).encode(),
    )
    answer = json.loads(called["Payload"].read())
    if "FunctionError" in called:
        raise ValueError(f"the reader fails: {answer.get('errorMessage', answer)}")
    if "forbidden" not in answer:
        raise ValueError("the reader is older than this command: deploy, then look again")
    answered, is_let_in = answer["answered"], answer["is_let_in"]
    figures = {"answered": answered, "is_let_in": is_let_in}
    if answered:
        words = f"DynamoDB answers the reader what it must not read: {', '.join(answered)}"
        return Finding(_PART, Level.WRONG, words, figures)
    if not is_let_in:
        words = "DynamoDB refuses the reader the clients, even without their secrets"
        return Finding(_PART, Level.WRONG, words, figures)
    tried = len(answer["forbidden"])
    words = f"all {tried} reads that could show where secrets lie are refused to the reader"
    return Finding(_PART, Level.WELL, words, figures)
