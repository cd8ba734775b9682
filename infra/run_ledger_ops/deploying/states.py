"""What the states of a CloudFormation stack mean, and how to get on from each of them."""

from enum import Enum, auto


class Way(Enum):
    """How a stack in some state gets to the next deployment."""

    CREATE = auto()
    UPDATE = auto()
    WAIT = auto()
    """CloudFormation is at work on it."""
    ROLL_BACK = auto()
    """An update failed and left everything as it was at that moment: it has to be taken back."""
    CONTINUE_ROLLBACK = auto()
    """An update failed, and so did the rollback, which can be tried again."""
    DELETE_FIRST = auto()
    """It never was in use, or was being deleted: it has to go before a new one is created."""
    DESTROY = auto()
    """Only a person can decide to delete it."""


SETTLED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
GONE = frozenset({"DELETE_COMPLETE"})
ROLLED_BACK = frozenset({"UPDATE_ROLLBACK_COMPLETE"})
CHANGE_SET_PENDING = frozenset({"CREATE_PENDING", "CREATE_IN_PROGRESS"})
CHANGE_SET_FAILED = "FAILED"
# Every state that the document "Understand CloudFormation stack creation events" and the API know.
_WAYS = {
    Way.CREATE: {"REVIEW_IN_PROGRESS", "DELETE_COMPLETE"},
    Way.UPDATE: {*SETTLED, "UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"},
    Way.WAIT: {
        "CREATE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "IMPORT_IN_PROGRESS",
        "IMPORT_ROLLBACK_IN_PROGRESS",
    },
    Way.ROLL_BACK: {"UPDATE_FAILED"},
    Way.CONTINUE_ROLLBACK: {"UPDATE_ROLLBACK_FAILED"},
    Way.DELETE_FIRST: {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"},
    Way.DESTROY: {"IMPORT_ROLLBACK_FAILED"},
}
_WAY_OF = {state: way for way, states in _WAYS.items() for state in states}
_MEANINGS = {
    "ROLLBACK_COMPLETE": "its first deployment failed, and what that had made was removed again",
    "ROLLBACK_FAILED": "its first deployment failed, and not all that it had made could be removed",
    "CREATE_FAILED": "its first deployment failed",
    "UPDATE_ROLLBACK_COMPLETE": "its last update failed; it is as it was before that",
    "UPDATE_FAILED": "its last update failed, and was told to stay as it was then",
    "UPDATE_ROLLBACK_FAILED": "its last update failed, and so did the way back",
    "DELETE_FAILED": "not all of it could be deleted",
    "REVIEW_IN_PROGRESS": "a change set was made for it, and nothing else so far",
    "IMPORT_ROLLBACK_FAILED": "resources were imported into it, which failed, as did the way back",
}
_HELP = {
    Way.WAIT: "deploy without --plan, which waits until that is done",
    Way.ROLL_BACK: "deploy without --plan, which first takes the update back",
    Way.CONTINUE_ROLLBACK: "deploy without --plan, which first takes the update back",
    Way.DELETE_FIRST: "deploy without --plan, which deletes it first",
    Way.DESTROY: (
        "say `run-ledger destroy --stage {stage}`, which keeps tables and people, and then "
        "`run-ledger deploy --stage {stage} --adopt`"
    ),
}


def way_on(state: str | None) -> Way:
    """Return how to deploy to a stack in *state*; None stands for no stack.

    A state that is not known is taken for one that only a person can decide about.
    """
    return Way.CREATE if state is None else _WAY_OF.get(state, Way.DESTROY)


def meaning(state: str) -> str:
    """Return what *state* means, as a part of a sentence."""
    if way_on(state) is Way.WAIT:
        return "CloudFormation is at work on it"
    return _MEANINGS.get(state, "all is as it was deployed")


def explain(name: str, stage: str, state: str) -> str:
    """Return a sentence that says why a stack can't be deployed to, and what helps."""
    help_text = _HELP.get(way_on(state), "deploy").format(stage=stage)
    return f"The stack {name} is {state}: {meaning(state)}. To go on, {help_text}."


def known_states() -> set[str]:
    """Return every state that there is a way on from."""
    return set(_WAY_OF)
