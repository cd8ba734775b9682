"""The certificate of the site's own host name: CloudFront takes no other."""

from typing import Any

from run_ledger_ops.account_checks.planned_stage import Looked, Notice, PlannedStage

REGION = "us-east-1"
"""Where CloudFront takes certificates from."""
_DOMAIN, _CERTIFICATE = "SiteDomain", "SiteCertificateArn"


def look(acm: Any, planned: PlannedStage) -> Looked:
    """Say why the site can't have its host name: certificate missing, unconfirmed, or another's."""
    domain, arn = planned.values.get(_DOMAIN), planned.values.get(_CERTIFICATE)
    if not planned.has_site or not (domain or arn):
        return Looked()
    if not domain or not arn:
        text = f"{_DOMAIN} and {_CERTIFICATE} go together: say both, or neither."
        return _refused(text)
    try:
        found = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    except acm.exceptions.ResourceNotFoundException:
        return _refused(f"There is no certificate {arn} in this account in {REGION}.")
    if found["Status"] != "ISSUED":
        return _refused(
            f"The certificate for {domain} is {found['Status']}, not ISSUED: make the DNS record "
            "that AWS Certificate Manager asks for, and wait until it is found."
        )
    names = {found["DomainName"], *found.get("SubjectAlternativeNames", ())}
    if not any(_covers(name, domain) for name in names):
        return _refused(f"The certificate is for {', '.join(sorted(names))}, not for {domain}.")
    return Looked()


def _covers(name: str, domain: str) -> bool:
    """Return whether a certificate's name is the domain's; a star stands for one label."""
    if not name.startswith("*."):
        return name == domain
    return domain.partition(".")[2] == name.removeprefix("*.")


def _refused(text: str) -> Looked:
    return Looked((Notice(text, blocks=True),))
