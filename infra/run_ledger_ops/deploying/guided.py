"""The questions of `deploy --guided`; an empty line takes the answer in brackets."""

import sys
from collections.abc import Callable, Mapping

from run_ledger_ops.console import target
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying import preflight
from run_ledger_ops.deploying.saved_answers import SavedAnswers
from run_ledger_ops.deploying.template import Template

# What whoever deploys for the first time should decide; the defaults of the others will do.
_ASKED = (
    "EntryTtlDays",
    "ArchiveDays",
    "DeletionProtection",
    "AlarmEmail",
    "LogLevel",
    "LogRetentionDays",
    "GradualRollout",
    "BatchWindowSeconds",
    "DashboardCallbackUrl",
    "SiteDomain",
    "SiteCertificateArn",
    "Intake",
    "IntakeEventsPerSecond",
)
_ADVISED = {"GradualRollout": "true", "DeletionProtection": "true"}


def ask(
    stage: str, known_of: Callable[[str], SavedAnswers], template: Template
) -> tuple[str, SavedAnswers]:
    """Ask for stage, region and the main parameters; return the stage and the answers.

    *known_of* gives what is known of a stage: whoever names another one is not offered the answers
    of the first.
    """

    def stage_complaint(text: str) -> str | None:
        try:
            preflight.check_stage(text, template)
        except OpsError as error:
            return str(error)
        return None

    stage = _question("Stage: name of this deployment.", stage, stage_complaint)
    known = known_of(stage)
    region = known.region or target.region_of_environment() or ""
    region = _question("AWS region.", region, lambda text: None if text else "Say one.")
    parameters = dict(known.parameters)
    for name in _ASKED:
        if name not in template.parameters or not _matters(name, parameters):
            continue
        parameter = template.parameters[name]
        usual = parameters.get(name, _ADVISED.get(name, parameter.default or ""))
        allowed = f" ({', '.join(parameter.allowed)})" if parameter.allowed else ""
        text = f"{name}: {parameter.description}{allowed}"
        parameters[name] = _question(text, usual, parameter.complaint)
    return stage, SavedAnswers(region, known.artifacts_bucket, parameters)


def _matters(name: str, given: Mapping[str, str]) -> bool:
    """Return whether the answers so far leave a parameter anything to say."""
    if name == "IntakeEventsPerSecond":
        return given.get("Intake") == "true"
    return name != "SiteCertificateArn" or bool(given.get("SiteDomain"))


def _question(text: str, usual: str, complaint: Callable[[str], str | None]) -> str:
    sys.stderr.write(f"{text}\n")
    while True:
        answer = read_line(f"  [{usual}] ") or usual
        wrong = complaint(answer)
        if wrong is None:
            return answer
        sys.stderr.write(f"  {wrong}\n")


def read_line(prompt: str) -> str:
    """Return a line that the person at the terminal types; raises OpsError at the input's end."""
    sys.stderr.write(prompt)
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise OpsError("Nobody answers: give the answers on the command line instead.")
    return line.strip()
