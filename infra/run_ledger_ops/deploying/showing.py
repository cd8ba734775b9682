"""Progress of CloudFormation on a terminal: a bar that counts resources, and failures."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from run_ledger_ops.console.terminal import Progress, warn
from run_ledger_ops.deploying.stacks import StackEvent, is_of_the_stack


@contextmanager
def progress(label: str, total: int | None) -> Iterator[Callable[[StackEvent], None]]:
    """Give a function that shows an event: it counts finished resources, and prints failures."""
    with Progress(label, total) as bar:
        done: set[str] = set()

        def tell(event: StackEvent) -> None:
            name = event["LogicalResourceId"]
            if event["ResourceStatus"].endswith("_FAILED"):
                warn(f"{name}: {event.get('ResourceStatusReason', 'failed')}")
            if event["ResourceStatus"].endswith("_COMPLETE") and not is_of_the_stack(event):
                bar.add(int(name not in done))
                done.add(name)

        yield tell
