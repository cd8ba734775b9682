"""What somebody who is invited has to know: where to sign in, and by which password.

A pool that sends by Amazon SES (the template's MailIdentityArn and MailFrom) gets our own text,
which this command sends itself: the pool is made before the site, so its own text can't name that.
Cognito's mail has the password alone, so the rest is for the operator to send.
"""

import secrets
from typing import Any

from msgspec import Struct

from run_ledger_ops.console.target import Target

_SUBJECT = "Your access to Run Ledger"
_AMBIGUOUS = str.maketrans("", "", "-_")
_PASSWORD_DAYS = 7  # the template's TemporaryPasswordValidityDays
COGNITO_LIMIT = """\
Cognito itself sends at most 50 mails a day in an account and region, codes for forgotten passwords
among them. Amazon SES sends more, and names the site: `run-ledger deploy` with MailIdentityArn=ARN
MailFrom=ADDRESS."""


class MailSender(Struct, frozen=True):
    """Whom mails of a stage come from: an identity of Amazon SES, and an address of it."""

    identity_arn: str
    address: str

    @property
    def region(self) -> str:
        """The region of the identity."""
        return self.identity_arn.split(":")[3]


class Welcome(Struct, frozen=True):
    """What a stage's people are told: where they sign in, and whether a second factor is asked."""

    site_url: str | None
    app_url: str | None
    has_second_factor: bool

    def text(self, email: str, password: str | None) -> str:
        """Return a mail's text; without a *password*, one for a mail beside that of Cognito."""
        brings = f"the password {password}"
        if password is None:
            brings = "the temporary password that another mail brings you (look among spam, too)"
        steps = [f"Sign in as {email}, with {brings}. It is good for {_PASSWORD_DAYS} days."]
        steps.append("Then choose a password of your own, of at least 12 characters.")
        if self.has_second_factor:
            steps.append("Set up an authenticator app on your phone: you are shown how.")
        return "\n".join(
            [
                "You have been given access to Run Ledger, where you see how your jobs go.",
                "",
                *self._places(),
                "",
                *(f"{number}. {step}" for number, step in enumerate(steps, 1)),
            ]
        )

    def _places(self) -> list[str]:
        places = [("Site", self.site_url), ("Analysts' app", self.app_url)]
        return [f"{name}: {url}" for name, url in places if url]


def welcome_of(system: Target) -> Welcome:
    """Return what people of a system are told."""
    callback = system.parameters.get("DashboardCallbackUrl", "")
    origin = callback.removesuffix("/oauth2callback")
    is_elsewhere = origin.startswith("https://")  # and not on the machine of whoever signs in
    return Welcome(
        site_url=system.site_url,
        app_url=f"{origin}/" if is_elsewhere else None,
        has_second_factor=system.parameters.get("Mfa") == "ON",
    )


def sender_of(system: Target) -> MailSender | None:
    """Return whom mails come from; None where Cognito sends them itself."""
    identity, address = (system.parameters.get(name) for name in ("MailIdentityArn", "MailFrom"))
    return MailSender(identity, address) if identity and address else None


def new_password() -> str:
    """Return a password that the pool's policy accepts and that is easy to copy."""
    return f"{secrets.token_urlsafe(12).translate(_AMBIGUOUS)}-Aa1"


def send(ses: Any, sender: MailSender, email: str, text: str) -> None:
    """Send an invitation through Amazon SES; raises ClientError where SES refuses it."""
    ses.send_email(
        FromEmailAddress=sender.address,
        FromEmailAddressIdentityArn=sender.identity_arn,
        Destination={"ToAddresses": [email]},
        Content={
            "Simple": {
                "Subject": {"Data": _SUBJECT, "Charset": "UTF-8"},
                "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
            }
        },
    )
