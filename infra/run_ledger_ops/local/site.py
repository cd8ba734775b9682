"""Put the static site and its `config.json` into the site's bucket."""

import json
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from run_ledger_ops.local.cloud import LocalCloud

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


def site_objects(folder: Path, config: Mapping[str, object]) -> Iterator[SiteObject]:
    """Give every object of the site, its `config.json` last."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in relative.parts):
            name = relative.as_posix()
            yield SiteObject(name, path.read_bytes(), content_type(name))
    body = json.dumps(config, indent=2).encode()
    yield SiteObject("config.json", body, content_type("config.json"))


def content_type(name: str) -> str:
    """Give the content type that a browser should see for a file of this name."""
    known = _TYPES.get(Path(name).suffix)
    return known or mimetypes.guess_type(name)[0] or "application/octet-stream"


def upload(cloud: LocalCloud, bucket: str, folder: Path, config: Mapping[str, object]) -> None:
    """Make the bucket hold exactly the site.

    No file name carries a digest, so browsers are told to ask each time (`no-cache` still lets them
    keep a copy and be answered with 304).
    """
    s3 = cloud.client("s3")
    wanted = list(site_objects(folder, config))
    for item in wanted:
        s3.put_object(
            Bucket=bucket,
            Key=item.key,
            Body=item.body,
            ContentType=item.content_type,
            CacheControl="no-cache",
        )
    present = {entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])}
    for key in sorted(present - {item.key for item in wanted}):
        s3.delete_object(Bucket=bucket, Key=key)
