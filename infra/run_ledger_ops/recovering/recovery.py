"""Bring a stack out of any state of CloudFormation to where it can be deployed to."""

from collections.abc import Callable

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying import showing
from run_ledger_ops.deploying.preflight import AwsAccount
from run_ledger_ops.deploying.stacks import Stack, StackFailedError
from run_ledger_ops.deploying.states import SETTLED, Way, explain, meaning, way_on
from run_ledger_ops.recovering import leftovers, removal

_READY = {Way.CREATE, Way.UPDATE}
_NOW = {
    Way.WAIT: "Waiting until that is done",
    Way.ROLL_BACK: "Taking the update back",
    Way.CONTINUE_ROLLBACK: "Going on with the rollback",
    Way.DELETE_FIRST: "Deleting it first",
}
_SKIPPING = """\
Mend what the reasons name, and deploy again. What can't be mended can be skipped: with
--skip-failed, {names} stay as they are, while CloudFormation takes them for what they were."""


class Recovery:
    """The way of one stage's stack to where it can be deployed to."""

    def __init__(
        self, account: AwsAccount, stack: Stack, stage: str, say: Callable[[str], None]
    ) -> None:
        """Recover *stack*, the stack of *stage*, and *say* what is being done."""
        self._account = account
        self._stack = stack
        self._stage = stage
        self._say = say

    def check(self) -> None:
        """Raise OpsError, which says what would be done, if the stack can't be deployed to."""
        state = self._stack.state
        if way_on(state) not in _READY:
            raise OpsError(explain(self._stack.name, self._stage, str(state)))

    def bring_round(self, *, skips_failed: bool = False) -> None:
        """Do what it takes until the stack can be created or updated.

        What no rollback can bring back is left as it is if *skips_failed*. Raises StackFailedError
        if CloudFormation fails again, and OpsError where a person has to decide.
        """
        while (way := way_on(state := self._stack.state)) not in _READY:
            if way is Way.DESTROY:
                raise OpsError(explain(self._stack.name, self._stage, str(state)))
            self._say(f"The stack is {state}: {meaning(str(state))}. {_NOW[way]} …")
            match way:
                case Way.WAIT:
                    self._stack.wait()
                case Way.ROLL_BACK:
                    with showing.progress("taking back", None) as show:
                        self._stack.take_update_back(show)
                case Way.CONTINUE_ROLLBACK:
                    self._continue_rollback(skips_failed=skips_failed)
                case _:
                    removal.take_down(self._account, self._stack, self._say)
        if way is Way.UPDATE and state not in SETTLED:
            self._remove_leftovers()

    def _continue_rollback(self, *, skips_failed: bool) -> None:
        with showing.progress("taking back", None) as show:
            try:
                self._stack.continue_rollback(show)
            except StackFailedError as error:
                failed = [
                    one["LogicalResourceId"]
                    for one in self._stack.resources()
                    if one["ResourceStatus"] == "UPDATE_FAILED"
                ]
                if not skips_failed or not failed:
                    help_text = _SKIPPING.format(names=", ".join(failed) or "they")
                    raise StackFailedError(f"{error}\n{help_text}") from error
                self._say(f"Skipping {', '.join(failed)} …")
                self._stack.continue_rollback(show, failed)

    def _remove_leftovers(self) -> None:
        found = leftovers.find(self._account, self._stack)
        if found:
            names = ", ".join(one.physical_id for one in found)
            self._say(f"Deleting what a failed deployment made, and nobody used: {names} …")
            leftovers.delete(self._account, found)

    def after_failure(self) -> str:
        """Clear up after a deployment that has just failed; return what to do next."""
        state = self._stack.state
        if state is None or way_on(state) is Way.UPDATE:
            self._remove_leftovers()
            return "What it had begun is taken back; mend the first reason and deploy again."
        if state == "ROLLBACK_COMPLETE":
            return "What it had begun is removed; mend the first reason and deploy again."
        return (
            f"The stack is {state}: {meaning(state)}. Mend the first reason and deploy again: that "
            "is cleared up first."
        )
