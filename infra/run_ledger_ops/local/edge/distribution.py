"""The response headers of the deployed CloudFront distribution, read from the local AWS."""

from typing import Any

from run_ledger_ops.local.machine.cloud import LocalCloud


def api_headers(cloud: LocalCloud, distribution_id: str, path_pattern: str) -> dict[str, str]:
    """Return the headers that CloudFront puts on the answers under a path.

    The local AWS serves the site through its CloudFront, but not origins such as the REST API, so
    the proxy adds these itself.
    """
    cloudfront: Any = cloud.client("cloudfront")
    config = cloudfront.get_distribution_config(Id=distribution_id)["DistributionConfig"]
    for behaviour in config.get("CacheBehaviors", {}).get("Items", []):
        if behaviour["PathPattern"] == path_pattern and "ResponseHeadersPolicyId" in behaviour:
            policy = cloudfront.get_response_headers_policy(Id=behaviour["ResponseHeadersPolicyId"])
            return policy_headers(policy["ResponseHeadersPolicy"]["ResponseHeadersPolicyConfig"])
    return {}


def policy_headers(config: dict[str, Any]) -> dict[str, str]:
    """Write out a response headers policy as the headers that it makes."""
    security = config.get("SecurityHeadersConfig", {})
    headers = {
        item["Header"]: item["Value"]
        for item in config.get("CustomHeadersConfig", {}).get("Items", [])
    }
    if "ContentSecurityPolicy" in security:
        policy = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
        headers["Content-Security-Policy"] = policy
    if "ContentTypeOptions" in security:
        headers["X-Content-Type-Options"] = "nosniff"
    if "FrameOptions" in security:
        headers["X-Frame-Options"] = security["FrameOptions"]["FrameOption"]
    if "ReferrerPolicy" in security:
        headers["Referrer-Policy"] = security["ReferrerPolicy"]["ReferrerPolicy"]
    if "StrictTransportSecurity" in security:
        headers["Strict-Transport-Security"] = _strict_transport(
            security["StrictTransportSecurity"]
        )
    return headers


def _strict_transport(setting: dict[str, Any]) -> str:
    parts = [f"max-age={setting['AccessControlMaxAgeSec']}"]
    parts += ["includeSubDomains"] if setting.get("IncludeSubdomains") else []
    parts += ["preload"] if setting.get("Preload") else []
    return "; ".join(parts)
