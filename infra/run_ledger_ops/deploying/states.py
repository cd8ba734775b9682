"""What the states of a CloudFormation stack mean, and what to do about each."""

from enum import Enum, auto


class Way(Enum):
    """How a stack in some state gets to the next deployment."""

    CREATE = auto()
    UPDATE = auto()
    DELETE_FIRST = auto()
    STUCK = auto()


SETTLED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
GONE = frozenset({"DELETE_COMPLETE"})
CHANGE_SET_PENDING = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS"})
CHANGE_SET_FAILED = "FAILED"
_UPDATABLE = SETTLED | {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}
# A first deployment that failed leaves a stack with nothing in it, which can only be deleted.
_EMPTY = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})
_MEANINGS = {
    "ROLLBACK_COMPLETE": "its first deployment failed, and what that had made was removed again",
    "ROLLBACK_FAILED": "its first deployment failed, and not all that it had made could be removed",
    "CREATE_FAILED": "its first deployment failed",
    "UPDATE_ROLLBACK_COMPLETE": "its last update failed; it is as it was before that",
    "UPDATE_FAILED": "its last update failed, and was told to stay as it was then",
    "UPDATE_ROLLBACK_FAILED": "its last update failed, and so did the way back",
    "DELETE_FAILED": "not all of it could be deleted",
    "REVIEW_IN_PROGRESS": "a change set was made for it, and nothing else so far",
}
_HELP = {
    "UPDATE_ROLLBACK_FAILED": (
        "mend what the reasons name, then say "
        "`aws cloudformation continue-update-rollback --stack-name {name}` and deploy again"
    ),
    "UPDATE_FAILED": "say `aws cloudformation rollback-stack --stack-name {name}` and deploy again",
    "DELETE_FAILED": "mend what the reasons name, then `run-ledger destroy` it again",
}


def way_on(state: str | None) -> Way:
    """Return how to deploy to a stack in *state*; None stands for no stack."""
    if state is None or state == "REVIEW_IN_PROGRESS":
        return Way.CREATE
    if state in _UPDATABLE:
        return Way.UPDATE
    return Way.DELETE_FIRST if state in _EMPTY else Way.STUCK


def meaning(state: str) -> str:
    """Return what *state* means, as a part of a sentence."""
    if state.endswith("_IN_PROGRESS") and state not in _MEANINGS:
        return "CloudFormation is at work on it"
    return _MEANINGS.get(state, "all is as it was deployed")


def explain(name: str, state: str) -> str:
    """Return a sentence that says why a stack can't be deployed to, and what helps."""
    if state in _EMPTY:
        help_text = "deploy without --plan, which deletes it first"
    elif state.endswith("_IN_PROGRESS"):
        help_text = "wait until it is done, or look who else deploys"
    else:
        help_text = _HELP.get(state, "look at it in the CloudFormation console").format(name=name)
    return f"The stack {name} is {state}: {meaning(state)}. To go on, {help_text}."
