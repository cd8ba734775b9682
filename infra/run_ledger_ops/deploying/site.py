"""The static site and its `config.json`, put into the site's bucket.

No file name carries a digest, so browsers and CloudFront are told to ask each time (`no-cache`
still lets them keep a copy and be answered with 304). What a page refers to is there before the
page, and what no page refers to goes after it, so that nobody loads half of one version and half
of another. Comments stay behind: the code may explain itself as it needs to, and browsers load none
of it.
"""

import hashlib
import json
import mimetypes
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

CACHE_CONTROL = "no-cache"
_PAGE = "index.html"
_THREADS = 8
_COMMENTS = re.compile(rb"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*\n", re.DOTALL | re.MULTILINE)
"""Comments that have lines of their own, in scripts and stylesheets."""
_LINE_COMMENTS = re.compile(rb"^[ \t]*//[^\n]*\n", re.MULTILINE)
_INDENTS = re.compile(rb"^\s+", re.MULTILINE)
"""Blanks before the first word of a line, and empty lines: no text of the site goes over lines."""
# What browsers need to run ES modules and show icons, whatever this machine's own table says.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True)
class SiteObject:
    """One object of the site: its key, content and how it is to be served."""

    key: str
    body: bytes
    content_type: str

    @property
    def headers(self) -> dict[str, Any]:
        """The headers that it is stored with; the digest shows later whether it has changed."""
        return {
            "ContentType": self.content_type,
            "CacheControl": CACHE_CONTROL,
            "Metadata": {"sha256": hashlib.sha256(self.body).hexdigest()},
        }


@dataclass(frozen=True)
class Upload:
    """What an upload did."""

    written: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether the upload changed anything."""
        return bool(self.written or self.removed)


def site_objects(
    folder: Path, config: Mapping[str, object], more: Iterable[SiteObject] = ()
) -> Iterator[SiteObject]:
    """Give every object of the site: its files, *more* that are no files, and its page last."""
    page: list[SiteObject] = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            name = relative.as_posix()
            item = SiteObject(name, served(path), content_type(name))
            if name == _PAGE:
                page.append(item)
            else:
                yield item
    body = json.dumps(config, indent=2).encode()
    yield SiteObject("config.json", body, content_type("config.json"))
    yield from more
    yield from page


def served(path: Path) -> bytes:
    """Return a file of the site as it is served.

    Scripts and stylesheets go without comments, indents and empty lines.
    """
    body = path.read_bytes()
    if path.suffix not in {".css", ".js"}:
        return body
    body = _COMMENTS.sub(b"", body)
    if path.suffix == ".js":
        body = _LINE_COMMENTS.sub(b"", body)
    return _INDENTS.sub(b"", body)


def content_type(name: str) -> str:
    """Return the content type that a browser should see for a file of this name."""
    known = _TYPES.get(Path(name).suffix)
    return known or mimetypes.guess_type(name)[0] or "application/octet-stream"


def upload(
    s3: Any,
    bucket: str,
    objects: Iterable[SiteObject],
    tell: Callable[[int], None] = lambda _: None,
) -> Upload:
    """Make the bucket hold exactly these, calling *tell* with each number of objects done."""
    wanted = list(objects)
    present = set(_keys(s3, bucket))
    with ThreadPoolExecutor(_THREADS) as pool:
        is_there = pool.map(lambda item: item.key in present and _is_same(s3, bucket, item), wanted)
        changed = [item for item, same in zip(wanted, is_there, strict=True) if not same]
        tell(len(wanted) - len(changed))
        parts = [item for item in changed if item.key != _PAGE]
        for _ in pool.map(lambda item: _put(s3, bucket, item), parts):
            tell(1)
    for item in changed:
        if item.key == _PAGE:
            _put(s3, bucket, item)
            tell(1)
    gone = sorted(present - {item.key for item in wanted})
    for key in gone:
        s3.delete_object(Bucket=bucket, Key=key)
    return Upload(tuple(item.key for item in changed), tuple(gone))


def _keys(s3: Any, bucket: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from (entry["Key"] for entry in page.get("Contents", []))


def _is_same(s3: Any, bucket: str, item: SiteObject) -> bool:
    try:
        found = s3.head_object(Bucket=bucket, Key=item.key)
    except ClientError:
        return False
    return all(found.get(name) == value for name, value in item.headers.items())


def _put(s3: Any, bucket: str, item: SiteObject) -> None:
    s3.put_object(Bucket=bucket, Key=item.key, Body=item.body, **item.headers)


def config_of(
    outputs: Mapping[str, str], stage: str, sign_in: str | None = None
) -> dict[str, object]:
    """Return the site's `config.json` from its stack's outputs.

    *sign_in* is the origin of the sign-in pages where it is not the user pool's domain.
    ``act_scope`` and ``intake_base`` are there where the stage takes acts on incidents,
    ``push_url`` where it tells open pages of changes.
    """
    sign_in = sign_in or f"https://{outputs['UserPoolDomain']}"
    return {
        "api_base": "/api",
        "authorize_url": f"{sign_in}/oauth2/authorize",
        "token_url": f"{sign_in}/oauth2/token",
        "logout_url": f"{sign_in}/logout",
        "revoke_url": f"{sign_in}/oauth2/revoke",
        "client_id": outputs["SiteClientId"],
        "scope": f"openid email {outputs['Scope']}",
        "stage": stage,
        "demo": False,
        **_acting(outputs),
        **({"push_url": "/push"} if "PushUrl" in outputs else {}),
    }


def _acting(outputs: Mapping[str, str]) -> dict[str, object]:
    """Return how people act: by an intake, for a stage that tells."""
    if "IntakeUrl" not in outputs or "ActsQueueUrl" not in outputs:
        return {}
    return {"act_scope": outputs["ActScope"], "intake_base": "/intake"}
