"""One deployment of a stage: build, upload, change set, site."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.console import aws_errors
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying import artifacts, plans, remains, site, stacks
from run_ledger_ops.deploying import template as templates
from run_ledger_ops.deploying.artifacts import Bucket
from run_ledger_ops.deploying.bundle import Bundle, LambdaPython, build_bundle
from run_ledger_ops.deploying.preflight import AwsAccount
from run_ledger_ops.deploying.resource_metadata import resource_objects
from run_ledger_ops.deploying.stacks import (
    ChangeSet,
    Stack,
    StackFailedError,
    StackLostError,
    Wanted,
)
from run_ledger_ops.deploying.states import Way, explain, way_on
from run_ledger_ops.deploying.template import Template

_ONE_INDEX = "more than one GSI"
_GOES_ON = "CloudFormation goes on by itself: deploy again to see it through."
_TABLE_NAME = re.compile(r"^(?P<before>\s*TableName:\s*)!Sub run-ledger-\$\{Stage\}-", re.MULTILINE)
GRADUAL = "GradualRollout"
_SHARDS = "RollupShards"
PROTECTION = "DeletionProtection"


@dataclass(frozen=True)
class StageSettings:
    """What is deployed, and how."""

    stage: str
    template: Template
    parameters: Mapping[str, str]
    site_folder: Path
    cache: Path
    artifacts_bucket: str | None = None
    adopts: bool = False

    @property
    def stack_name(self) -> str:
        """The name of the stage's stack."""
        return f"run-ledger-{self.stage}"


class Deployment:
    """One deployment. Call its methods in the order in which they stand here."""

    def __init__(
        self, settings: StageSettings, account: AwsAccount, say: Callable[[str], None]
    ) -> None:
        """Deploy *settings* to *account* and *say* how far it is."""
        self._settings = settings
        self._account = account
        self._say = say
        self.stack = Stack(account.client("cloudformation"), settings.stack_name)
        self._before: dict[str, str] | None = None
        self._bundles: dict[str, Bundle] = {}
        self._leftovers: list[str] = []
        self._preferred: dict[str, str] = {}

    def check(self) -> Way:
        """Return how the stack can be deployed to; raises OpsError with what helps, if it can't."""
        state = self.stack.state
        way = way_on(state)
        if way not in {Way.CREATE, Way.UPDATE}:
            raise OpsError(explain(self.stack.name, self._settings.stage, str(state)))
        if way is Way.UPDATE:
            self._before = self.stack.parameters()
            self._check_indexes()
        else:
            dynamodb = self._account.client("dynamodb")
            self._leftovers = list(remains.table_names(dynamodb, self._settings.stage))
            if self._leftovers and not self._settings.adopts:
                raise OpsError(self._help_with_leftovers())
        self._check_shards()
        trouble = plans.layout_trouble(self._value(plans.LAYOUT), self._before)
        if trouble:
            raise OpsError(trouble)
        return way

    def _check_indexes(self) -> None:
        before = self._account.client("cloudformation").get_template(
            StackName=self.stack.name, TemplateStage="Original"
        )["TemplateBody"]
        text = before if isinstance(before, str) else ""
        present = templates.parse(text, Path()).tables if text else {}
        trouble = plans.index_trouble(self._settings.template.tables, present)
        if trouble:
            lines = "\n".join(f"  {line}" for line in trouble)
            raise OpsError(plans.INDEX_HELP.format(tables=lines))

    def _check_shards(self) -> None:
        """Raise OpsError for a number of shards with which totals would be wrong or slow."""
        before = int((self._before or {}).get(_SHARDS, 0))
        trouble = plans.shard_trouble(
            int(self._value(_SHARDS)), before, int(self._value("WriterConcurrency"))
        )
        if trouble:
            raise OpsError(trouble)

    def _help_with_leftovers(self) -> str:
        stage = self._settings.stage
        return (
            f"Tables of an earlier stage {stage} are still there: {', '.join(self._leftovers)}. "
            "Take them over, with all that is in them, by --adopt; or delete them by "
            f"`run-ledger destroy --stage {stage} --with-data`."
        )

    def parameters(self) -> dict[str, str | None]:
        """Return all parameters; None stands for the value of the deployment before."""
        known, before = self._settings.template.parameters, self._before or {}
        chosen: dict[str, str | None] = {name: None for name in before if name in known}
        if self._account.is_aws and GRADUAL not in before:
            chosen[GRADUAL] = "true"
        if before and plans.LAYOUT not in before:
            chosen[plans.LAYOUT] = "rows"
        chosen |= {
            **self._preferred,
            **self._settings.parameters,
            "Stage": self._settings.stage,
        }
        if PROTECTION in known:
            chosen[PROTECTION] = self._protection(chosen)
        return chosen

    def _protection(self, chosen: Mapping[str, str | None]) -> str:
        """Return the protection from deletion: on, unless it was declined, but not from the start.

        What CloudFormation can't delete, it can't roll back either. Tables that are taken over are
        protected all the same, as nobody may delete them.
        """
        if (chosen.get(PROTECTION) or (self._before or {}).get(PROTECTION)) == "false":
            return "false"
        return "true" if self._before is not None or self._leftovers else "later"

    def values(self) -> dict[str, str]:
        """Return the value that each parameter will have."""
        return {name: self._value(name) for name in self._settings.template.parameters}

    def said(self) -> frozenset[str]:
        """Return the parameters that somebody has said, now or at a deployment before."""
        return frozenset({*(self._before or {}), *self._settings.parameters})

    def prefer(self, values: Mapping[str, str]) -> None:
        """Deploy with these values, which suit the account, of parameters that nobody has said."""
        self._preferred = {name: values[name] for name in values if name not in self.said()}

    def _value(self, name: str) -> str:
        value = self.parameters().get(name)
        default = self._settings.template.parameters[name].default or ""
        return value or (self._before or {}).get(name) or default

    def build(self) -> None:
        """Build the functions' bundles for the Python and processor that they will run on."""
        python = LambdaPython(self._value(templates.RUNTIME), self._value(templates.ARCHITECTURE))
        self._say(f"Building the functions' bundle for {python.runtime} on {python.architecture} …")
        template = self._settings.template
        self._bundles = {
            written: build_bundle(folder, python=python, cache=self._settings.cache)
            for written, folder in artifacts.code_folders(template.text, template.folder).items()
        }

    def upload(self) -> str:
        """Upload bundles and template for CloudFormation; return the template's address."""
        account = self._account
        name = self._settings.artifacts_bucket or artifacts.bucket_name(account.id, account.region)
        bucket = Bucket(account.client("s3"), name, account.id)
        if not artifacts.exists(bucket):
            self._say(f"Making the bucket {name} for artefacts …")
            artifacts.create(bucket)
        if self._settings.artifacts_bucket is None:
            artifacts.limit_lifetime(bucket)
        for bundle in set(self._bundles.values()):
            if artifacts.upload_bundle(bucket, bundle):
                self._say(f"Uploaded {artifacts.bundle_key(bundle)} to {name}.")
        placed = artifacts.put_code_in_place(self._settings.template.text, self._bundles, name)
        if self._leftovers:
            # CloudFormation takes over only what the template names outright.
            placed = _TABLE_NAME.sub(rf"\g<before>{self.stack.name}-", placed)
        return artifacts.upload_template(bucket, placed)

    def propose(self, template_url: str, way: Way) -> ChangeSet | None:
        """Return the change set that CloudFormation made; None where nothing would change."""
        tags = {"application": "run-ledger", "stage": self._settings.stage}
        adopts = bool(self._leftovers)
        wanted = Wanted(template_url, self.parameters(), tags, adopts=adopts)
        change_set = self.stack.propose(wanted, creates=way is not Way.UPDATE)
        if change_set is not None and adopts:
            changes = [one["ResourceChange"] for one in change_set.changes]
            taken = sum(one["Action"] == "Import" for one in changes)
            if taken < len(self._leftovers):
                self.stack.withdraw(change_set)
                message = f"CloudFormation would take over {taken} of {len(self._leftovers)} tables"
                raise OpsError(f"{message} only, so nothing was done: {', '.join(self._leftovers)}")
        return change_set

    def execute(self, change_set: ChangeSet, tell: Callable[[stacks.StackEvent], None]) -> None:
        """Execute a change set; raises StackFailedError with the resources' reasons."""
        is_emptied = self._empty_a_site_that_goes()
        try:
            self.stack.execute(change_set, tell)
        except KeyboardInterrupt:
            self._say(_GOES_ON)
            raise
        except StackLostError as error:
            raise OpsError(f"{error}. {_GOES_ON}") from error
        except StackFailedError as error:
            if is_emptied:
                self._fill_a_site_that_stays()
            if _ONE_INDEX in str(error):
                help_text = plans.INDEX_HELP.format(tables="  see above")
                raise StackFailedError(f"{error}\n{help_text}") from error
            raise

    def _empty_a_site_that_goes(self) -> bool:
        """Empty the bucket that `Site=false` removes: S3 deletes none with anything in it."""
        bucket = self.stack.outputs().get("SiteBucketName")
        if bucket is None or self._value("Site") != "false":
            return False
        self._say(f"Emptying the bucket {bucket}, which goes …")
        remains.empty_bucket(self._account.client("s3"), bucket, lambda _: None)
        return True

    def _fill_a_site_that_stays(self) -> None:
        """Upload the site again where what was to take it away was taken back."""
        try:
            outputs = self.stack.outputs()
            if "SiteBucketName" in outputs:
                self._say("The site stays, so its files are uploaded again …")
                self.publish_site(outputs, lambda _: None)
        except (ClientError, BotoCoreError) as error:
            self._say(f"The site is empty until the next deployment: {aws_errors.explain(error)}.")

    def protect(self, template_url: str, tell: Callable[[stacks.StackEvent], None]) -> None:
        """Have tables and pool of a stack that was just created refuse to be deleted."""
        self._before = self.stack.parameters()
        self._leftovers = []
        if self._before.get(PROTECTION) == "later":
            change_set = self.propose(template_url, Way.UPDATE)
            if change_set is not None:
                self.execute(change_set, tell)

    def tidy(self) -> None:
        """Delete the bundles that no stage needs any more, unless the bucket is somebody's own."""
        if self._settings.artifacts_bucket is not None:
            return
        account = self._account
        name = artifacts.bucket_name(account.id, account.region)
        used = stacks.templates_of_stages(account.client("cloudformation"))
        bundles = set().union(*map(artifacts.bundles_in, used))
        artifacts.drop_bundles(Bucket(account.client("s3"), name, account.id), bundles)

    def publish_site(self, outputs: Mapping[str, str], tell: Callable[[int], None]) -> site.Upload:
        """Upload the checkout's site; if it changed, CloudFront drops its copies of the old one.

        A stage without a site (`Site=false`) has no bucket, and nothing is done.
        """
        if "SiteBucketName" not in outputs:
            return site.Upload((), ())
        config = site.config_of(outputs, self._settings.stage)
        more = resource_objects(outputs["SiteUrl"], outputs["Issuer"], outputs["Scope"])
        done = site.upload(
            self._account.client("s3"),
            outputs["SiteBucketName"],
            site.site_objects(self._settings.site_folder, config, more),
            tell,
        )
        if done.changed:
            self._account.client("cloudfront").create_invalidation(
                DistributionId=outputs["DistributionId"],
                InvalidationBatch={
                    "Paths": {"Quantity": 1, "Items": ["/*"]},
                    "CallerReference": str(time.time_ns()),
                },
            )
        return done
