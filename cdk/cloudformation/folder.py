"""The folder of published files: the root template, and beside it what goes into the bucket, named by content."""

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from cdk.cloudformation.nested import synthesise
from cdk.cloudformation.parameters import PREFIX, PUBLISHED
from cdk.cloudformation.root import BODY_LIMIT_BYTES, root_template
from cdk.layer import BUILD, ROOT
from cdk.options import read_config
from clickstream.errors import ConfigError

FOLDER = ROOT / "out" / "cloudformation"
ROOT_FILE = "cloudformation.yaml"
ASSETS = "assets"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_CHOSEN_LATER = ("streamShardCount", "lambdaMemorySize", "dataRetentionDays")


class _Dumper(yaml.SafeDumper):
    """Spells everything out: CloudFormation knows no aliases."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  the signature of PyYAML
        return True


class Nested(NamedTuple):
    """One written template: its name among the assets, and the names of its outputs."""

    name: str
    outputs: tuple[str, ...]


def write_folder(
    folder: Path,
    context: Mapping[str, object],
    environments: Iterable[str] = PUBLISHED,
    build: Path = BUILD,
) -> Path:
    """Write templates and assets anew; return the path of the root template.

    Args:
        folder: Is emptied first.
        context: Context keys that are no parameters; they are the same in every environment.
        environments: Which ones the root template offers.
        build: Holds the archives of `cdk.layer`.

    Raises:
        ConfigError: A key is wrong or a parameter, an archive is missing, or the root template became too large.
    """
    if chosen := sorted(context.keys() & {"environment", *_CHOSEN_LATER}):
        raise ConfigError(f"{', '.join(chosen)}: a parameter of the template; give it when you deploy")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / ASSETS).mkdir(parents=True)
    written = {name: _write_nested(name, folder / ASSETS, context, build) for name in environments}
    (outputs,) = {nested.outputs for nested in written.values()}
    template = root_template({name: nested.name for name, nested in written.items()}, outputs)
    text = yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=120)
    if len(text) > BODY_LIMIT_BYTES:
        raise ConfigError(f"the root template has {len(text):,} bytes, --template-body takes {BODY_LIMIT_BYTES:,}")
    path = folder / ROOT_FILE
    path.write_text(text, encoding="utf-8")
    return path


def _write_nested(environment: str, assets: Path, context: Mapping[str, object], build: Path) -> Nested:
    config = read_config({**context, "environment": environment})
    with tempfile.TemporaryDirectory() as folder:
        path = synthesise(config, Path(folder), build)
        manifest = json.loads(path.with_name(f"{config.prefix}.assets.json").read_text(encoding="utf-8"))
        for file in manifest["files"].values():
            if file["source"]["path"] != path.name:
                _write_asset(Path(folder), file, assets)
        template = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(template, separators=(",", ":")).encode()
    name = f"{environment}-{hashlib.sha256(text).hexdigest()[:32]}.json"
    (assets / name).write_bytes(text)
    return Nested(name, tuple(template["Outputs"]))


def _write_asset(folder: Path, file: Mapping[str, Mapping[str, str]], assets: Path) -> None:
    (destination,) = file["destinations"].values()
    target = assets / destination["objectKey"].removeprefix(f"${{{PREFIX}}}")  # type: ignore[index]  # a mapping
    source = folder / file["source"]["path"]
    write: Callable[[Path, Path], object] = _zip if file["source"]["packaging"] == "zip" else shutil.copyfile
    if not target.exists():
        write(source, target)


def _zip(source: Path, target: Path) -> None:
    """Equal content gives equal bytes: no time of a file is kept."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(source.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(source).as_posix(), _EPOCH)
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, path.read_bytes())
