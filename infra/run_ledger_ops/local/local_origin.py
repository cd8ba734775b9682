"""What lies behind the one origin of a deployed local stack."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from run_ledger_ops.checkout import SITE
from run_ledger_ops.deploying import site
from run_ledger_ops.local.edge import gateway
from run_ledger_ops.local.edge.distribution import api_headers
from run_ledger_ops.local.edge.outbox_page import OutboxPage
from run_ledger_ops.local.edge.routes import Routes
from run_ledger_ops.local.machine.cloud import LocalCloud
from run_ledger_ops.local.stack_file import sign_in_documents


def routes_of(
    cloud_port: int, cloud: LocalCloud, outputs: Mapping[str, str], outbox: OutboxPage
) -> Routes:
    """Return the routes of a deployed stack, whose mails lie in *outbox*."""
    cloudfront: Any = cloud.client("cloudfront")
    distribution = cloudfront.get_distribution(Id=outputs["DistributionId"])["Distribution"]
    api_id, stage = api_of(outputs["ApiUrl"])
    headers = api_headers(cloud, outputs["DistributionId"], f"/{stage}/*")
    compressed_from = gateway.compressed_from(cloud, api_id)
    intake_id, intake_stage = api_of(outputs["IntakeUrl"])
    digests_id, digests_stage = api_of(outputs["DigestsUrl"])
    push_id, push_stage = api_of(outputs["PushUrl"])
    documents = sign_in_documents("", "")
    return Routes(
        cloud_port,
        api_id,
        stage,
        distribution["DomainName"],
        frozenset(f"/{item.key}" for item in site.site_objects(SITE, {}, documents)),
        headers,
        compressed_from,
        intake_id,
        intake_stage,
        digests_id,
        digests_stage,
        push_id,
        push_stage,
        outbox,
    )


def api_of(url: str) -> tuple[str, str]:
    """Return the API's id and its stage from an API's invoke URL."""
    parts = urlsplit(url)
    return parts.netloc.partition(".")[0], parts.path.strip("/")
