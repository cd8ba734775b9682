r"""The forms of keys and tokens, by which a secret is known whatever stands around it.

Each row names its kind and where its form is known from: *detect-secrets* (its plugins; a test
compares with the present ones), *gitleaks* (ids of its rules) or the maker's own documentation.
A few are wider than there, as a cut or a newer key is a secret, too.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class SecretForm(NamedTuple):
    """One kind of secret, such as "a GitHub token", and the pattern of its form."""

    what: str
    pattern: re.Pattern[str]


_B = r"(?<![A-Za-z0-9])"
_UPPER_AND_DIGIT = r"(?=[\w-]{0,200}[0-9])(?=[\w-]{0,200}[A-Z])"
_TOKENS: tuple[tuple[str, str], ...] = (
    # detect-secrets: private_key; gitleaks: private-key, age-secret-key
    (
        "a private key",
        (
            r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:(?!-----BEGIN )[\s\S])*?(?:-----END [A-Z0-9 ]{0,40}KEY(?: BLOCK)?-----|\Z"
            r"|(?=-----BEGIN ))"
            r"|PuTTY-User-Key-File-[23][\s\S]*|AGE-SECRET-KEY-1[A-Z0-9]{8,}"
        ),
    ),
    # detect-secrets: aws; gitleaks: aws-access-token, aws-amazon-bedrock-api-key-*
    ("an AWS access key", rf"{_B}(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{{16}}(?![A-Z0-9])"),
    ("an AWS session token", rf"{_B}(?:IQoJ|FwoG|FQoG)[A-Za-z0-9/+=]{{40,}}"),
    ("a Bedrock key", rf"{_B}ABSK[A-Za-z0-9+/]{{40,}}={{0,2}}|{_B}bedrock-api-key-[A-Za-z0-9+/=]+"),
    # detect-secrets: jwt; gitleaks: jwt, grafana-api-key
    ("a JSON web token", r"(?<![\w-])eyJ[\w-]{6,}\.[\w-]{4,}(?:\.[\w-]*)?"),
    (
        "a Grafana key",
        rf"{_B}(?:eyJrIjoi[A-Za-z0-9+/]{{20,}}={{0,3}}|gl(?:c|sa)_[A-Za-z0-9+/_]{{16,}})",
    ),
    # our own: docs/intake.md
    ("a report key", rf"{_B}rlk_[0-9a-f]{{16}}_[\w-]{{8,}}"),
    # detect-secrets: github_token, gitlab_token; gitleaks: github-*, gitlab-*
    ("a GitHub token", rf"{_B}(?:gh[oprsu]_[A-Za-z0-9]{{16,}}|github_pat_\w{{16,}})"),
    (
        "a GitLab token",
        (
            rf"{_B}gl(?:pat|dt|rt|cbt|ptt|soat|oas|ft|imt|agent|ffct)-[\w.-]{{16,}}"
            rf"|{_B}GR1348941[\w-]{{16,}}|_gitlab_session=[0-9a-z]{{16,}}"
        ),
    ),
    # detect-secrets: slack; gitleaks: slack-*, microsoft-teams-webhook; Discord's documentation
    ("a Slack token", rf"{_B}(?:xox[a-z](?:\.xox[bp])?|xapp|xwfp)-[\w-]{{8,}}"),
    ("a Slack webhook", r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/]+"),
    (
        "a webhook of Teams",
        r"(?<=\.webhook\.office\.com/)webhookb2/[\w@/.-]+|(?<=\.logic\.azure\.com)[:/]\S*sig=\S+",
    ),
    ("a webhook of Discord", r"(?<=/api/webhooks/)\d+/[\w-]{16,}"),
    # detect-secrets: openai, stripe; gitleaks: anthropic-*, openai-api-key, stripe-access-token
    (
        "a key of OpenAI's, Anthropic's or Stripe's form",
        (
            rf"{_B}(?:sk|rk|pk)[-_](?:ant|proj|svcacct|admin|or|live|test|prod|lf)[-_][\w-]{{8,}}"
            rf"|{_B}sk-(?=[A-Za-z0-9]*[0-9]|[A-Za-z0-9]{{32}})[A-Za-z0-9]{{16,}}"
            rf"|{_B}sk-{_UPPER_AND_DIGIT}[\w-]{{16,}}|{_B}whsec_[A-Za-z0-9+/=]{{8,}}"
        ),
    ),
    # gitleaks: gcp-api-key; Google's documentation of OAuth
    (
        "a Google key",
        rf"{_B}AIza[\w-]{{30,}}|{_B}(?:ya29\.|GOCSPX-)[\w.-]{{8,}}|{_B}1//0[\w-]{{30,}}",
    ),
    # gitleaks: huggingface-*
    ("a Hugging Face token", rf"{_B}(?:hf|api_org)_[A-Za-z0-9]{{16,}}"),
    # detect-secrets: azure_storage_key; gitleaks: azure-ad-client-secret; Azure's documentation
    (
        "an Azure key",
        rf"{_B}[\w~.]{{3}}[0-9]Q~[\w~.-]{{31,34}}|(?<==)[A-Za-z0-9+/]{{86}}==|{_B}[A-Za-z0-9]{{76}}AzCa\w{{4}}",
    ),
    # detect-secrets: discord, telegram_token, twilio, mailchimp; gitleaks: mailgun-*
    ("a Discord token", rf"{_B}[MNO][\w-]{{23,25}}\.[\w-]{{6}}\.[\w-]{{27,38}}(?![\w-])"),
    ("a Telegram token", r"(?<![0-9])[0-9]{8,10}:AA[\w-]{32,34}(?![\w-])"),
    ("a Twilio key", rf"{_B}(?:SK|AC)[0-9a-f]{{32}}(?![0-9A-Za-z])"),
    ("a Mailchimp key", rf"{_B}[0-9a-z]{{32}}-us[0-9]{{1,2}}(?![0-9A-Za-z])"),
    (
        "a Mailgun key",
        rf"{_B}(?:pub)?key-[0-9a-f]{{32}}|{_B}[0-9a-f]{{32}}-[0-9a-f]{{8}}-[0-9a-f]{{8}}(?![\w-])",
    ),
    # detect-secrets: npm, pypi_token, sendgrid, square_oauth, artifactory; gitleaks by name
    (
        "a token of a service",
        (
            rf"{_B}(?:npm_[A-Za-z0-9]{{16,}}|pypi-Ag[\w-]{{8,}}|rubygems_[0-9a-f]{{16,}}"
            r"|dckr_(?:pat|oat)_[\w-]{16,}|SG\.[\w-]{8,}\.[\w-]{8,}|xkeysib-[\w-]{16,}"
            r"|do[opr]_v1_[0-9a-f]{16,}|dapi[0-9a-f]{16,}(?:-[0-9])?|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{16,}"
            r"|hv[sb]\.[\w-]{16,}|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{16,}|ATATT3[\w=-]{16,}|ATCTT3[\w=-]{16,}"
            r"|lin_(?:api|oauth)_\w{16,}|sq0[a-z]{3}-[\w-]{16,}|EAAA[\w-]{22,60}(?![\w-])"
            r"|pat[A-Za-z0-9]{14}\.[0-9a-f]{16,}|AKC[A-Za-z0-9]{10,}(?![\w-])|cmVmd[A-Za-z0-9]{30,}"
            r"|gsk_[A-Za-z0-9]{16,}|pplx-[A-Za-z0-9]{16,}|xai-[A-Za-z0-9]{16,}|r8_[A-Za-z0-9]{16,}"
            r"|nvapi-[\w-]{16,}|fw_[A-Za-z0-9]{20,}|tgp_v1_[\w-]{16,}|pcsk_\w{16,}|jina_[A-Za-z0-9]{16,}"
            r"|pnu_[A-Za-z0-9]{16,}|pul-[0-9a-f]{16,}|dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.-]{16,}"
            r"|dt0[a-z][0-9]{2}\.[A-Za-z0-9]{8,}(?:\.[A-Za-z0-9]{16,})?|NRAK-[A-Z0-9]{16,}"
            r"|NRII-[\w-]{16,}|sntry[su]_[\w+/=-]{16,}|pscale_(?:tkn|oauth|pw)_[\w=.-]{16,}"
            r"|PMAK-[0-9a-f-]{16,}|rdme_[a-z0-9]{16,}|ntn_[A-Za-z0-9]{16,}|secret_[A-Za-z0-9]{40,}"
            r"|tfp_[\w.=-]{16,}|fo1_[\w-]{16,}|fm[12][ar]?_[\w+/=-]{16,}|HRKU-[\w-]{16,}"
            r"|LTAI[A-Za-z0-9]{12,30}(?![\w-])|AKID[A-Za-z0-9]{13,40}(?![\w-])|ops_eyJ[\w+/=-]{16,}"
            r"|A3-[A-Z0-9]{6}-[A-Z0-9-]{20,}|sgp_[0-9a-f_]{16,}|sq[upa]_[0-9a-f]{16,}"
            r"|shippo_(?:live|test)_[0-9a-f]{16,}|duffel_(?:test|live)_[\w=-]{16,}"
            r"|EZ[AT]K[A-Za-z0-9]{20,}|FLW(?:SECK|PUBK)_TEST-[\w-]{12,}|p8e-[a-z0-9]{16,}"
            r"|sk-lf-[\w-]{8,}|lsv2_(?:pt|sk)_\w{16,}|API-[A-Z0-9]{26}(?![\w-])|CCIPAT_\w{16,}"
            r"|AQVN[\w-]{30,}|EAA[MC][A-Za-z0-9]{60,}|sl\.[\w-]{60,}|CLOJARS_[a-z0-9]{20,}"
            r"|pat-(?:na|eu|ap)[0-9]-[0-9a-f-]{30,}|sbp_[0-9a-f]{30,}|sb_secret_[\w-]{20,}"
            r"|re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,}|tvly-(?:(?:dev|prod)-)?[A-Za-z0-9]{20,}"
            r"|fc-[0-9a-f]{32}|apify_api_[A-Za-z0-9]{20,}|csk-[A-Za-z0-9]{40,}|dbt[cu]_[\w-]{20,}"
            r"|nfp_[A-Za-z0-9]{30,}|llx-[A-Za-z0-9]{40,}|tskey-[a-z]+-[\w-]{16,}|mlsn\.[0-9a-f]{40,}"
            r"|CFPAT-[\w-]{40,}|s\.(?=[A-Za-z]{0,23}[0-9])[A-Za-z0-9]{24}(?![\w.-])"
            r"|sha256~[\w-]{30,}|figd_[\w-]{16,}|phc_[A-Za-z0-9]{16,}|phx_[A-Za-z0-9]{16,})"
        ),
    ),
)
FORMS: tuple[SecretForm, ...] = tuple(
    SecretForm(what, re.compile(pattern)) for what, pattern in _TOKENS
)

_LONG_RUN = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_PIECE = re.compile(r"[A-Za-z0-9]+")
_UUID = re.compile(r"(?i)(?<![0-9a-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-z])")
_CHUNK = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_LEAST_CHARACTERS = 20
_LEAST_DISTINCT = 8
# How often a random text changes between small letters, capitals and digits inside a word: about
# 0.45 in base64 and hex, 0.3 in base32. In names, versions and dates it is hardly ever above 0.16.
_MOST_CHANGES = 0.18


def form_of(text: str) -> str | None:
    """Return the kind of secret whose form stands in *text*, as "a GitHub token", or None."""
    return next((form.what for form in FORMS if form.pattern.search(text)), None)


def is_random(text: str) -> bool:
    """Return whether *text* has a run of at least 20 characters that look random, but a UUID."""
    return any(map(_looks_random, _LONG_RUN.findall(_UUID.sub(" ", text))))


def _looks_random(run: str) -> bool:
    pieces = _PIECE.findall(run)
    characters = sum(map(len, pieces))
    if characters < _LEAST_CHARACTERS or len(set(run)) < _LEAST_DISTINCT:
        return False
    changes = sum(len(_CHUNK.findall(piece)) - 1 for piece in pieces)
    return changes / characters > _MOST_CHANGES
