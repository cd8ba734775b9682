"""The template's site: a private bucket behind CloudFront, with the API on the same origin."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tests.support.stacks.templates import FULL, properties, statements, transformed

from run_ledger.read.answers import PROBLEM_KINDS
from run_ledger_ops.sign_in.own_token import REDIRECT_URI

OF_THE_SITE = ("SiteDomain", "SiteCertificateArn", "SiteWebAclArn", "AccessLogBucket")
# What CloudFront keeps whatever the answer's headers say, and what it keeps where they allow it.
CACHED_ERRORS = {404, 414, 500, 501, 502, 503, 504} | {400, 403, 405, 412, 415}


def test_bucket_is_private() -> None:
    """Only our distribution reads the bucket, and nobody does without TLS."""
    bucket = properties("SiteBucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    allowed, denied = statements(properties("SiteBucketPolicy"))
    assert (allowed["Effect"], allowed["Action"]) == ("Allow", "s3:GetObject")
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    arn = "arn:${AWS::Partition}:cloudfront::${AWS::AccountId}:distribution/${Distribution}"
    assert allowed["Condition"] == {"StringEquals": {"AWS:SourceArn": {"Fn::Sub": arn}}}
    assert (denied["Effect"], denied["Principal"], denied["Action"]) == ("Deny", "*", "s3:*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(denied["Resource"]) == 2


def _distribution() -> dict[str, Any]:
    config: dict[str, Any] = properties("Distribution")["DistributionConfig"]
    return config


def test_site_and_api_share_an_origin() -> None:
    """Files come from the bucket by the distribution's signature, /api/* from the API uncached."""
    site, api = _distribution()["Origins"]
    assert site["OriginAccessControlId"] == {"Fn::GetAtt": ["SiteAccess", "Id"]}
    access = properties("SiteAccess")["OriginAccessControlConfig"]
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")
    assert api["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    assert "OriginPath" not in api
    asking, reading = map(dict, _distribution()["CacheBehaviors"])
    assert (asking.pop("PathPattern"), reading.pop("PathPattern")) == ("/api/mcp", "/api/*")
    assert reading["TargetOriginId"] == "api"
    assert reading["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert reading["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    # Assistants POST and DELETE, for which CloudFront wants all methods; else both are alike.
    assert reading.pop("AllowedMethods") == ["GET", "HEAD"]
    assert {"POST", "DELETE"} < set(asking.pop("AllowedMethods"))
    assert asking == reading


def test_acts_go_to_the_intake_on_the_same_origin() -> None:
    """One path of it, uncached as the API is; where no acts are taken, there is none."""
    telling = {"Telling": "true", "Intake": "true"}
    config = properties("Distribution", **telling)["DistributionConfig"]
    acting, asking, _ = map(dict, config["CacheBehaviors"])
    assert (acting.pop("PathPattern"), acting.pop("TargetOriginId")) == ("/intake/events", "intake")
    assert {**asking, **acting} == asking
    (origin,) = [one for one in config["Origins"] if one["Id"] == "intake"]
    assert "IntakeApi" in str(origin["DomainName"])
    assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
    stages = [
        one["Properties"]["StageName"]
        for one in transformed(**telling)["Resources"].values()
        if one["Type"] == "AWS::ApiGateway::Stage"
    ]
    assert sorted(stages) == ["api", "digests", "intake"]  # a path begins with its API's stage
    for one in telling:
        config = properties("Distribution", **{one: "true"})["DistributionConfig"]
        paths = [each["PathPattern"] for each in config["CacheBehaviors"]]
        assert paths == ["/api/mcp", "/api/*"]


def test_no_error_is_kept_and_shown_to_others() -> None:
    """CloudFront keeps no error of the API: none of the codes that it could, for no time at all.

    By default it keeps 404, 414 and 500 to 504 for ten seconds, whatever Cache-Control says, and
    nothing of a token is in the key under which it does: "How CloudFront processes HTTP 4xx and 5xx
    status codes from your origin" and "Control how long CloudFront caches errors" in the CloudFront
    developer guide. Pages would be distribution-wide, and take the place of the API's refusals.
    """
    kept = {one.pop("ErrorCode"): one for one in deepcopy(_distribution()["CustomErrorResponses"])}
    assert set(kept) == {400, 403, 404, 405, 414, 500, 501, 502, 503, 504}
    assert all(one == {"ErrorCachingMinTTL": 0} for one in kept.values())
    ours = {kind.status for kind in PROBLEM_KINDS}
    responses = properties("Api")["Body"]["x-amazon-apigateway-gateway-responses"].values()
    gateway = {int(one["statusCode"]) for one in responses if "statusCode" in one}
    assert CACHED_ERRORS & (ours | gateway) <= set(kept)


def test_domain_of_ones_own_asks_for_tls_1_2() -> None:
    """Alias, certificate and callbacks go together; without a domain there is none of them.

    With CloudFront's own certificate, TLSv1 is what CloudFront sets: "Supported protocols and
    ciphers between viewers and CloudFront" in the CloudFront developer guide.
    """
    assert not {"Aliases", "ViewerCertificate"} & _distribution().keys()
    own = {name: FULL[name] for name in ("SiteDomain", "SiteCertificateArn")}
    config = properties("Distribution", **own)["DistributionConfig"]
    assert config["Aliases"] == [{"Ref": "SiteDomain"}]
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": {"Ref": "SiteCertificateArn"},
        "SslSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }
    both = [
        {"Fn::Sub": "https://${Distribution.DomainName}/"},
        {"Fn::Sub": "https://${SiteDomain}/"},
    ]
    client = properties("SiteClient", **own)
    assert client["CallbackURLs"] == [*both, REDIRECT_URI]
    assert client["LogoutURLs"] == both
    outputs = transformed(**own)["Outputs"]
    assert outputs["SiteUrl"]["Value"] == {"Fn::Sub": "https://${SiteDomain}"}
    assert outputs["SiteTarget"]["Value"] == {"Fn::GetAtt": ["Distribution", "DomainName"]}


def test_domain_and_certificate_are_said_together() -> None:
    """CloudFormation's rules refuse either alone, for those who deploy without the command."""
    rules = transformed()["Rules"]
    pairs = {
        (rule["RuleCondition"]["Fn::Not"][0]["Fn::Equals"][0]["Ref"], asserted["Ref"])
        for rule in rules.values()
        for asserted in [rule["Assertions"][0]["Assert"]["Fn::Not"][0]["Fn::Equals"][0]]
    }
    assert pairs >= {("SiteDomain", "SiteCertificateArn"), ("SiteCertificateArn", "SiteDomain")}


def test_stage_without_a_site_has_all_else() -> None:
    """Nothing of CloudFront and no bucket is left; people sign in for the command and the app."""
    template = transformed(Site="false", **{name: FULL[name] for name in OF_THE_SITE})
    gone = set(transformed()["Resources"]) - set(template["Resources"])
    assert gone == {
        "SiteBucket",
        "SiteBucketPolicy",
        "SiteAccess",
        "SecurityHeaders",
        "Distribution",
    }
    assert not [one for one in template["Resources"].values() if "CloudFront" in one["Type"]]
    gone_outputs = set(transformed()["Outputs"]) - set(template["Outputs"])
    assert gone_outputs == {"SiteBucketName", "SiteUrl", "SiteTarget", "DistributionId"}
    client = template["Resources"]["SiteClient"]["Properties"]
    assert (client["CallbackURLs"], client["LogoutURLs"]) == ([REDIRECT_URI], [])
    second = properties("SiteClient", Site="false", SiteCallbackUrl="http://localhost:8080/")
    assert second["LogoutURLs"] == [{"Ref": "SiteCallbackUrl"}]


def test_every_answer_carries_the_security_headers() -> None:
    """Both behaviours send the same strict headers, over TLS."""
    config = _distribution()
    for behavior in (config["DefaultCacheBehavior"], *config["CacheBehaviors"]):
        assert behavior["ResponseHeadersPolicyId"] == {"Ref": "SecurityHeaders"}
        assert behavior["ViewerProtocolPolicy"] in {"redirect-to-https", "https-only"}
    headers = properties("SecurityHeaders")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    assert headers["ContentTypeOptions"] == {"Override": True}
    assert headers["FrameOptions"]["FrameOption"] == "DENY"
    assert headers["ReferrerPolicy"]["ReferrerPolicy"] == "no-referrer"
    assert headers["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31536000


def test_content_security_policy_lets_only_our_own_files_run() -> None:
    """The policy starts from nothing, allows no inline code and no foreign origin but sign-in."""
    headers = properties("SecurityHeaders")["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    text, variables = headers["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    policy = {name: rest for name, *rest in (part.split() for part in text.split(";"))}
    prefix, prefix_variables = properties("UserPoolDomain")["Domain"]["Fn::Sub"]
    sign_in = f"https://{prefix}.auth.${{AWS::Region}}.amazoncognito.com"
    assert variables == prefix_variables
    assert policy == {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", sign_in],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
    }
