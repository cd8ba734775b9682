"""Start and stop the whole local stack."""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.checkout import PYTHON_PATH, ROOT, SITE, TEMPLATE
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.private_file import write_private
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import Progress
from run_ledger_ops.deploying import artifacts, site
from run_ledger_ops.deploying.bundle import build_bundle
from run_ledger_ops.local import analysts_app_process, local_deployment, local_reporters, people
from run_ledger_ops.local.edge import gateway
from run_ledger_ops.local.edge.first_readers import are_well, warm_readers
from run_ledger_ops.local.edge.outbox_page import OutboxPage
from run_ledger_ops.local.edge.proxy import Proxy
from run_ledger_ops.local.first_digests import ask_for_digests
from run_ledger_ops.local.local_deployment import STACK_NAME, LocalDeployment
from run_ledger_ops.local.local_origin import api_of, routes_of
from run_ledger_ops.local.machine import ports, writer_feed
from run_ledger_ops.local.machine.child_process import ChildProcess
from run_ledger_ops.local.machine.cloud import REGION, LocalCloud
from run_ledger_ops.local.machine.journal import Journal, drop_former_copies
from run_ledger_ops.local.machine.state import StateFolder
from run_ledger_ops.local.recount_totals import TOTALS, recount
from run_ledger_ops.local.stack_file import (
    Running,
    readiness,
    sign_in_documents,
    site_config,
    stack_document,
)
from run_ledger_ops.sign_in.invitations import new_password

_USUAL_PORT = 8600
_USUAL_CLOUD_PORT = 4566
_USUAL_DASHBOARD_PORT = 8501
_CHILD_SECONDS = 15.0
_WATCH_SECONDS = 0.3


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line."""

    state: Path
    cache: Path
    local_cloud_python: Path
    port: int | None = None
    cloud_port: int | None = None
    dashboard_port: int | None = None
    smtp_port: int | None = None
    demo: bool = True
    dashboard: bool = True


class _System(Target):
    """The running stack as commands see one; its clients end with the local AWS, its session."""

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client of one of its services; it has one region alone."""
        if region not in (None, REGION):
            raise OpsError(f"A local stack has no region {region}.")
        return self.session.client(service)


class LocalStack:
    """The stack: `start`, `watch` while it runs, and `stop` whatever of it has started."""

    def __init__(self, options: Options, say: Callable[[str], None]) -> None:
        self._options = options
        self._say = say
        self._state = StateFolder(options.state)
        self._journal = Journal(self._state.journal)
        self._cloud: LocalCloud | None = None
        self._running: Running | None = None
        self._proxy: Proxy | None = None
        self._children: dict[str, ChildProcess] = {}
        self._is_earlier = False

    def start(self) -> None:
        """Start everything and say how to use it."""
        self._check_tools()
        self._state.open()
        self._state.forget_stack_file()
        self._is_earlier = "deployed" in self._state.settings
        cloud_port, site_port, dashboard_port = self._choose_ports()
        origin = f"http://{ports.LOOPBACK}:{site_port}"
        wanted = self._deployment(
            origin,
            analysts_app_process.callback_url(dashboard_port),
            f"http://{ports.LOOPBACK}:{cloud_port}",
        )
        cloud = self._cloud = LocalCloud(
            self._options.local_cloud_python, self._state, cloud_port, self._options.smtp_port
        )
        self._say("Starting the local AWS …")
        cloud.start()
        outputs, changed = self._deploy(cloud, wanted)
        running = self._fill(cloud, origin, outputs, dashboard_port)
        self._count_again(cloud, outputs)
        if changed:
            self._say("Saving what was deployed …")
            cloud.restart()
        writer_feed.resume(cloud, outputs["WriterFunctionName"])
        self._running = running
        self._replay_journal(cloud, running)
        self._proxy = Proxy(site_port, routes_of(cloud_port, cloud, outputs, self._outbox()))
        self._proxy.start()
        self._start_readers(running, site_port)
        if self._options.dashboard:
            self._start_dashboard(cloud, running, dashboard_port)
        write_private(self._state.stack_file, json.dumps(stack_document(running), indent=2) + "\n")
        if self._options.demo:
            self._fill_past(cloud, running)
            self._children["demo"] = self._demo(
                ("--backfill-days", "0"), self._state.logs / "demo.log"
            )
        self._say(readiness(running, self._state.stack_file, demo=self._options.demo))

    def watch(self) -> None:
        """Return only by an exception: when something that should run has ended."""
        while True:
            time.sleep(_WATCH_SECONDS)
            if self._cloud and self._cloud.exit_code is not None:
                reason = self._cloud.failure or "ended by itself"
                raise OpsError(f"The local AWS {reason}; see {self._state.logs}.")
            for name, child in list(self._children.items()):
                if child.exit_code is not None:
                    self._say(f"The {name} ended by itself: {child.last_words()} (see {child.log})")
                    del self._children[name]

    def stop(self) -> None:
        """Stop what has started, newest first, and let the state folder go."""
        try:
            for child in self._children.values():
                child.stop(_CHILD_SECONDS)
            if self._proxy:
                self._proxy.stop()
            self._state.forget_stack_file()
            self._pause_intake()
            if self._cloud and self._cloud.stop():
                self._journal.forget()
        finally:
            self._state.close()

    def _pause_intake(self) -> None:
        if self._cloud and self._running and self._cloud.exit_code is None:
            function = self._running.outputs["WriterFunctionName"]
            with contextlib.suppress(BotoCoreError, ClientError):  # it is for speed alone
                writer_feed.pause(self._cloud, function, self._running.queue_url)

    def _check_tools(self) -> None:
        if self._options.dashboard:
            analysts_app_process.check_installed()
        python = self._options.local_cloud_python
        probe = "import ministack, samtranslator, cryptography"
        try:
            done = subprocess.run([python, "-c", probe], capture_output=True, check=False)  # noqa: S603
        except OSError:
            done = None
        if done is None or done.returncode != 0:
            message = (
                f"{python} can't run the local AWS (ministack with aws-sam-translator and "
                "cryptography): run `make run`, which installs it, or name an interpreter that has "
                "it with --local-cloud-python."
            )
            raise OpsError(message)
        for path in (TEMPLATE, SITE / "index.html"):
            if not path.is_file():
                raise OpsError(f"{path} is missing: the checkout is not complete.")

    def _choose_ports(self) -> tuple[int, int, int]:
        last: Mapping[str, int] = self._state.settings.get("ports", {})
        site_port = ports.choose(
            "site and API", "--port", self._options.port, last.get("site", _USUAL_PORT), avoid=set()
        )
        cloud_port = ports.choose(
            "local AWS",
            "--aws-port",
            self._options.cloud_port,
            last.get("cloud", _USUAL_CLOUD_PORT),
            avoid={site_port},
        )
        dashboard_port = self._choose_dashboard_port(last, avoid={site_port, cloud_port})
        self._state.settings["ports"] = {
            "site": site_port,
            "cloud": cloud_port,
            "dashboard": dashboard_port,
        }
        self._state.save_settings()
        return cloud_port, site_port, dashboard_port

    def _choose_dashboard_port(self, last: Mapping[str, int], avoid: set[int]) -> int:
        usual = last.get("dashboard", _USUAL_DASHBOARD_PORT)
        if not self._options.dashboard:
            return usual  # nobody listens; the template is told the same as the last time
        wanted = self._options.dashboard_port
        return ports.choose("analysts' app", "--dashboard-port", wanted, usual, avoid=avoid)

    def _deployment(
        self, origin: str, dashboard_callback: str, keys_origin: str
    ) -> LocalDeployment:
        template = TEMPLATE.read_text("utf-8")
        self._say("Building the functions' bundle …")
        bundles = {
            written: build_bundle(
                folder, python=self._options.local_cloud_python, cache=self._options.cache
            )
            for written, folder in artifacts.code_folders(template, TEMPLATE.parent).items()
        }
        return LocalDeployment(
            template=artifacts.put_code_in_place(
                template, bundles, local_deployment.ARTIFACTS_BUCKET
            ),
            parameters={
                "Stage": "local",
                "SiteCallbackUrl": f"{origin}/",
                "DashboardCallbackUrl": dashboard_callback,
                "DeletionProtection": "false",
                "ArchiveDays": "0",
                "LoginPages": "classic",
                "Mfa": "OFF",
                "TlsOnly": "false",
                "BatchWindowSeconds": "1",
                "StackMachineClient": "true",
                "Intake": "true",
                "AwsJobs": "true",
                "Telling": "true",
                "Push": "true",
                "TokenKeysOrigin": keys_origin,
            },
            bundles=tuple(bundles.values()),
        )

    def _deploy(self, cloud: LocalCloud, wanted: LocalDeployment) -> tuple[dict[str, str], bool]:
        """Deploy what is not deployed yet; give the outputs and whether anything was done."""
        if self._state.settings.get("deployed") == wanted.fingerprint:
            outputs = local_deployment.outputs(cloud)
            if outputs:
                return outputs, False
        self._say("Deploying the template …")
        try:
            outputs = local_deployment.deploy(cloud, wanted)
        except BaseException:
            cloud.abandon()
            raise
        local_deployment.enable_ttl(cloud, outputs)
        gateway.apply_responses(cloud, STACK_NAME, "Api", *api_of(outputs["ApiUrl"]))
        gateway.apply_responses(cloud, STACK_NAME, "IntakeApi", *api_of(outputs["IntakeUrl"]))
        gateway.apply_responses(cloud, STACK_NAME, "DigestsApi", *api_of(outputs["DigestsUrl"]))
        gateway.tell_site(cloud, *api_of(outputs["ApiUrl"]), wanted.parameters["SiteCallbackUrl"])
        self._state.settings["deployed"] = wanted.fingerprint
        self._state.save_settings()
        return outputs, True

    def _count_again(self, cloud: LocalCloud, outputs: dict[str, str]) -> None:
        """Bring the totals of an earlier version's ledger up to date, before anybody looks."""
        if self._state.settings.get("totals") == TOTALS:
            return
        if self._is_earlier:
            self._say("Counting again, as an earlier version kept this ledger …")
            recount(cloud, outputs)
        self._state.settings["totals"] = TOTALS
        self._state.save_settings()

    def _start_readers(self, running: Running, port: int) -> None:
        """Start the readers' processes; without them, the first callers would wait for those."""
        outputs = running.outputs
        statuses = warm_readers(
            port, outputs["MachineClientId"], running.machine_client_secret, outputs["Scope"]
        )
        if not are_well(statuses):
            self._say(f"The API answered its first requests with {statuses}, not with 200.")

    def _replay_journal(self, cloud: LocalCloud, running: Running) -> None:
        """Put back what came after the last save, and say how much, and what was lost."""
        bus = running.outputs["BusName"]
        drop_former_copies(cloud, bus)
        put_back, lost = self._journal.replay(cloud, bus, running.queue_url)
        if put_back or lost:
            self._say(
                f"The last end came without a save: {put_back} events were put back, "
                f"{lost} could not be."
            )

    def _fill(
        self, cloud: LocalCloud, origin: str, outputs: dict[str, str], dashboard_port: int
    ) -> Running:
        """Put in people, clients and the site, and gather what others need to know."""
        passwords = self._state.settings.setdefault(
            "passwords", {person.role: new_password() for person in people.PEOPLE}
        )
        report_key = self._state.settings.setdefault("report_key", local_reporters.new_key_text())
        self._state.save_settings()
        people.invite(cloud, outputs["UserPoolId"], passwords)
        table, machine_id = outputs["ClientsTable"], outputs["MachineClientId"]
        people.apply_clients(cloud, table, machine_id)
        local_reporters.apply(cloud, table, machine_id, report_key)
        cognito: Any = cloud.client("cognito-idp")
        machine = cognito.describe_user_pool_client(
            UserPoolId=outputs["UserPoolId"], ClientId=machine_id
        )["UserPoolClient"]
        running = Running(
            endpoint_url=cloud.endpoint_url,
            site_origin=origin,
            dashboard_url=(
                f"http://{ports.LOOPBACK}:{dashboard_port}/" if self._options.dashboard else None
            ),
            outputs=outputs,
            queue_url=_present_url(cloud, outputs["QueueUrl"]),
            dlq_url=_present_url(cloud, outputs["DlqUrl"]),
            machine_client_secret=machine["ClientSecret"],
            passwords=passwords,
            report_key=report_key,
            outbox=self._state.outbox,
            outbox_path=self._outbox().path,
        )
        config = site_config(running, demo=self._options.demo)
        objects = site.site_objects(SITE, config, sign_in_documents(origin, outputs["Scope"]))
        site.upload(cloud.client("s3"), outputs["SiteBucketName"], objects)
        return running

    def _outbox(self) -> OutboxPage:
        """Return the mails of this stack, with a page that only its people find."""
        key = self._state.settings.setdefault("outbox_key", secrets.token_urlsafe(12))
        self._state.save_settings()
        return OutboxPage(self._state.outbox, key)

    def _start_dashboard(self, cloud: LocalCloud, running: Running, port: int) -> None:
        self._say("Starting the analysts' app …")
        child = analysts_app_process.start(
            self._state.root / "dashboard",
            self._state.logs / "dashboard.log",
            _System(
                name=STACK_NAME,
                session=cloud,
                endpoint_url=cloud.endpoint_url,
                outputs=running.outputs,
                parameters={},
                addresses=stack_document(running),
            ),
            port,
            demo=self._options.demo,
        )
        self._children["analysts' app"] = child
        analysts_app_process.wait_until_ready(child, port)

    def _fill_past(self, cloud: LocalCloud, running: Running) -> None:
        """Let the demo post its past, and wait until the ledger has taken it in.

        Whoever reads that the ledger is ready finds it filled.
        """
        self._say("Filling the demo's past, which takes a minute at the first start …")
        child = self._children["demo's past"] = self._demo(("--once",), None)
        while child.exit_code is None:
            child.wait(_WATCH_SECONDS)
        del self._children["demo's past"]
        with Progress("events still to take in", None) as waiting:
            is_filled = writer_feed.wait_until_empty(cloud, running.queue_url, waiting.show)
        if is_filled:  # a digest of a part of the past would be wrong for good
            ask_for_digests(cloud.client, running.outputs["DigesterFunctionName"])
        else:
            self._say("The ledger is still taking in the demo's past; pages fill as it goes.")

    def _demo(self, arguments: tuple[str, ...], log: Path | None) -> ChildProcess:
        command = [
            *(sys.executable, "-m", "run_ledger_ops.demo"),
            *("--stack", str(self._state.stack_file), *arguments),
        ]
        # It talks to this machine alone: what is said of other clouds and of proxies isn't for it.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment = inherited | {"PYTHONPATH": PYTHON_PATH, "NO_PROXY": ports.LOOPBACK}
        return ChildProcess(command, environment=environment, log=log, folder=ROOT)


def _present_url(cloud: LocalCloud, queue_url: str) -> str:
    """Return a queue's URL on the port of this start, whichever port it was made on."""
    return cloud.endpoint_url + urlsplit(queue_url).path
