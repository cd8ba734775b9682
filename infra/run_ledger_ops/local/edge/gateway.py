"""What API Gateway itself answers, as the template defines it.

The local AWS ignores the gateway responses in an API's definition. So this module reads them from
the deployed template, and sets each by a call of API Gateway.
"""

from typing import Any

from run_ledger_ops.local.machine.cloud import LocalCloud

_RESPONSES = "x-amazon-apigateway-gateway-responses"
_PARTS = ("statusCode", "responseParameters", "responseTemplates")


def apply_responses(
    cloud: LocalCloud, stack_name: str, logical_id: str, api_id: str, stage: str
) -> None:
    """Set an API's gateway responses of the template, and deploy the API's stage with them."""
    cloudformation: Any = cloud.client("cloudformation")
    template = cloudformation.get_template(StackName=stack_name, TemplateStage="Processed")
    gateway: Any = cloud.client("apigateway")
    for response_type, response in gateway_responses(template["TemplateBody"], logical_id).items():
        said = {name: response[name] for name in _PARTS if name in response}
        said |= {"statusCode": str(said["statusCode"])} if "statusCode" in said else {}
        gateway.put_gateway_response(restApiId=api_id, responseType=response_type, **said)
    gateway.create_deployment(restApiId=api_id, stageName=stage)


def tell_site(cloud: LocalCloud, api_id: str, stage: str, site_url: str) -> None:
    """Set the address of the site that an API's stage knows: here it is none of CloudFront's."""
    gateway: Any = cloud.client("apigateway")
    change = {"op": "replace", "path": "/variables/site", "value": site_url}
    gateway.update_stage(restApiId=api_id, stageName=stage, patchOperations=[change])


def compressed_from(cloud: LocalCloud, api_id: str) -> int | None:
    """Return from how many bytes on an answer is compressed; None where none is."""
    gateway: Any = cloud.client("apigateway")
    size = gateway.get_rest_api(restApiId=api_id).get("minimumCompressionSize")
    return None if size is None else int(size)


def gateway_responses(template: dict[str, Any], logical_id: str) -> dict[str, dict[str, Any]]:
    """Return the gateway responses of a REST API in a transformed template, by type."""
    body = template["Resources"][logical_id]["Properties"]["Body"]
    responses: dict[str, dict[str, Any]] = body[_RESPONSES]
    return {kind: _without_domain(response) for kind, response in responses.items()}


def _without_domain(value: Any) -> Any:
    """Return a part of the template where the site has no domain of its own, as here."""
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, _, otherwise = value["Fn::If"]
        if condition != "HasSiteDomain":
            raise ValueError(f"gateway responses go by HasSiteDomain alone, not by {condition}")
        return otherwise
    return {name: _without_domain(part) for name, part in value.items()}
