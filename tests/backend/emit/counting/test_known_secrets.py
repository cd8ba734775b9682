"""What detect-secrets knows for a secret is blanked here, too, and a new kind of it is noticed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from run_ledger.domain.intake.key_texts import new_key
from run_ledger.emit.counting.redaction import redacted

ROOT = Path(__file__).resolve().parents[4]
PYTHON = ROOT / ".venvs" / "secret-detectors" / "bin" / "python"
MIXED = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"
HEX = "0123456789abcdef" * 4
# A text for each kind, put together here, so that no search of this repository finds a secret.
SAMPLES = {
    "AWS Access Key": "key " + "AKIA" + "IOSFODNN7EXAMPLA",
    "Artifactory Credentials": "key " + "AKC" + MIXED,
    "Azure Storage Account access key": "Account" + "Key=" + "QUJD" * 21 + "QU==;",
    "Basic Auth Credentials": "at https://jo:" + "hunter2" + "@db.acme.example/x",
    "Cloudant Credentials": "cloudant_password = '" + HEX + "'",
    "Discord Bot Token": "bot MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "GitHub Token": "with ghp_" + MIXED,
    "GitLab Token": "with glpat-" + MIXED[:20],
    "IBM COS HMAC Credentials": "cos_hmac_secret_access_key = '" + HEX[:48] + "'",
    "IBM Cloud IAM Key": "ibm_cloud_iam_api_key = '" + MIXED + "abcdefgh'",
    "JSON Web Token": "with eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    "Mailchimp Access Key": "with " + HEX[:32] + "-us12",
    "NPM tokens": "//registry.acme.example/:_authToken" + "=npm_" + MIXED,
    "OpenAI Token": "with sk-" + MIXED[:20] + "T3BlbkFJ" + MIXED[:20],
    "Private Key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "PyPI Token": "with pypi-" + "AgEIcHlwaS5vcmc" + MIXED * 2,
    "Secret Keyword": "password = '" + "hunter2" + "'",
    "SendGrid API Key": "with SG." + MIXED[:22] + "." + MIXED + "aBcDeFg",
    "Slack Token": "with xoxb-" + "123456789012-abcdef",
    "SoftLayer Credentials": "softlayer_api_key = '" + HEX + "'",
    "Square OAuth Secret": "with sq0csp-" + MIXED + "aBcDeFg",
    "Stripe Access Key": "with sk_live_" + MIXED[:24],
    "Telegram Bot Token": "123456789:AA" + MIXED[:33],
    "Twilio API Key": "with SK" + HEX[:32],
}
NO_SECRETS = {
    "Public IP (ipv4)": "an address says where something failed",
    "Base64 High Entropy String": "ids and digests are as random; after a name they are blanked",
    "Hex High Entropy String": "ids and digests are as random; after a name they are blanked",
}
# Its detectors are asked one by one, since a whole scan tries what it finds at the services' doors.
PROGRAM = """
import json, sys
from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class

detectors = get_mapping_from_secret_type_to_class()
found = {
    kind: list(detectors[kind]().analyze_string(text))
    for kind, text in json.load(sys.stdin).items()
}
json.dump({"kinds": sorted(detectors), "found": found}, sys.stdout)
"""


@pytest.mark.machine_clock
def test_what_detect_secrets_finds_is_blanked() -> None:
    """Its present release knows no kind that is missing here, and finds each sample's secret."""
    settings = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    done = subprocess.run(
        [PYTHON, "-c", PROGRAM],
        input=json.dumps(SAMPLES),
        env=settings,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    answer = json.loads(done.stdout)
    assert set(answer["kinds"]) == {*SAMPLES, *NO_SECRETS}
    for kind, text in SAMPLES.items():
        secrets = [one for one in answer["found"][kind] if one]
        assert secrets, f"detect-secrets finds no {kind} in its sample"
        blanked = redacted(text)
        assert not any(secret in blanked for secret in secrets), f"{kind}: {blanked}"


def test_a_report_key_of_ours_is_blanked() -> None:
    """Wherever it stands in the message of an exception."""
    key, _ = new_key(bytes(8), bytes(range(32)))
    text = redacted(f"401 from https://intake.example/events with {key}; gone")
    assert key[21:] not in text
    assert text.startswith("401 from ")
    assert text.endswith("; gone")
