"""Lambda bundles: our code and its pinned dependencies in one reproducible zip file.

The same inputs give the same bytes, so a bundle's name (the digest of its inputs) says whether it
is there already, and a deployment whose code did not change changes nothing.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from run_ledger_ops.console.exceptions import OpsError

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644
_LEFT_OUT = {"__pycache__", "bin"}
# botocore describes some four hundred services, nine tenths of a bundle's files. These are called.
SERVICES = frozenset(
    {
        *("dynamodb", "events", "stepfunctions", "batch", "glue", "ecs", "bedrock"),
        "apigatewaymanagementapi",
        *("sqs", "sesv2", "ssm", "secretsmanager", "cognito-idp"),
    },
)
_BOTOCORE_DATA = Path("botocore", "data")
# pip's notes of an installation: they tell of the machine that it was made on.
_NOTES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_KEPT_BUNDLES = 5  # of a cache; each code change makes one
_PYTHON_TAG = "import sys, sysconfig; print(sys.implementation.cache_tag, sysconfig.get_platform())"


@dataclass(frozen=True)
class LambdaPython:
    """A Python of Lambda. It need not be on this machine: its name says which wheels it takes."""

    runtime: str  # python3.12
    architecture: str  # arm64

    @property
    def tag(self) -> str:
        """A name for its wheels, as in ``lambda-python3.12-arm64``."""
        return f"lambda-{self.runtime}-{self.architecture}"

    @property
    def pip_options(self) -> list[str]:
        """The options with which pip takes wheels for it."""
        machine = {"arm64": "aarch64"}.get(self.architecture, self.architecture)
        version = self.runtime.removeprefix("python")
        options = ["--implementation", "cp", "--python-version", version]
        return [*options, "--platform", f"manylinux2014_{machine}"]


@dataclass(frozen=True)
class Bundle:
    """A zip file as Lambda takes it, and the digest of what went into it."""

    path: Path
    digest: str


def build_bundle(source: Path, *, python: Path | LambdaPython, cache: Path) -> Bundle:
    """Bundle a source folder with the packages that its `requirements.txt` pins.

    The wheels suit `python`, which will run the code: an interpreter of this machine, or Lambda's.
    All files of the folder go in, except requirements files and hidden files. Raises OpsError.
    """
    requirements = source / "requirements.txt"
    if not requirements.is_file():
        raise OpsError(f"{requirements} is missing: it pins what the functions carry.")
    dependencies = _install_dependencies(requirements, python=python, cache=cache)
    files = {
        path.relative_to(dependencies).as_posix(): path
        for path in _files(dependencies)
        if _is_of_use(path.relative_to(dependencies))
    }
    files |= {path.relative_to(source).as_posix(): path for path in source_files(source)}
    digest = _digest_of_sources(source, dependencies.name)
    target = cache / f"bundle-{digest}.zip"
    if not target.exists():
        _write_zip(target, files)
        _drop_old_bundles(cache)
    return Bundle(target, digest)


def _install_dependencies(requirements: Path, *, python: Path | LambdaPython, cache: Path) -> Path:
    """Install the pinned dependencies into a folder named by their digest, once."""
    if isinstance(python, LambdaPython):
        tag, general, options = python.tag, [], python.pip_options
    else:
        tag = _run([str(python), "-c", _PYTHON_TAG], f"{python} could not be run")
        general, options = ["--python", str(python)], []
    digest = hashlib.sha256(requirements.read_bytes() + b"\0" + tag.encode()).hexdigest()[:20]
    folder = cache / f"dependencies-{digest}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".installing-") as temporary:
        unfinished = Path(temporary) / "site"
        command = [sys.executable, "-m", "pip", *general]
        command += ["--disable-pip-version-check", "--quiet", "install", "--no-input"]
        command += ["--no-compile", "--require-hashes", "--only-binary", ":all:"]
        command += [*options, "--requirement", str(requirements), "--target", str(unfinished)]
        _run(command, f"the dependencies pinned in {requirements} could not be installed")
        unfinished.mkdir(exist_ok=True)
        if not folder.is_dir():
            unfinished.rename(folder)
    return folder


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name in _LEFT_OUT or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path


def _is_of_use(path: Path) -> bool:
    """Return whether the functions need a file of the dependencies."""
    if path.name in _NOTES and path.parent.suffix == ".dist-info":
        return False
    if not path.is_relative_to(_BOTOCORE_DATA):
        return True
    inside = path.relative_to(_BOTOCORE_DATA).parts
    return len(inside) == 1 or inside[0] in SERVICES


def source_files(source: Path) -> Iterator[Path]:
    """Return the files of a source folder that go into its bundle."""
    return (
        path
        for path in _files(source)
        if not (path.parent == source and path.match("requirements.*"))
    )


def _digest_of_sources(source: Path, dependencies: str) -> str:
    digest = hashlib.sha256(f"{dependencies}\0{sorted(SERVICES)}\0{sorted(_NOTES)}".encode())
    for path in source_files(source):
        content = path.read_bytes()
        name = path.relative_to(source).as_posix()
        digest.update(f"\0{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:20]


def _write_zip(target: Path, files: dict[str, Path]) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".zipping-") as temporary:
        unfinished = Path(temporary) / "bundle.zip"
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name in sorted(files):
                entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = _FILE_MODE << 16
                archive.writestr(entry, files[name].read_bytes())
        unfinished.rename(target)


def _drop_old_bundles(cache: Path) -> None:
    bundles = sorted(cache.glob("bundle-*.zip"), key=lambda path: path.stat().st_mtime)
    for path in bundles[:-_KEPT_BUNDLES]:
        path.unlink(missing_ok=True)


def _run(command: list[str], failure: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise OpsError(f"{failure}: {error.strerror}.") from error
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip().splitlines()
        raise OpsError(f"{failure}: {words[-1] if words else 'it said nothing'}")
    return done.stdout.strip()
