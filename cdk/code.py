"""What is uploaded: our code as plain folders, third-party packages as the archives that `cdk.layer` built."""

from pathlib import Path

from aws_cdk import IgnoreMode
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from cdk.config import Config
from cdk.layer import ROOT, archive_path
from clickstream.errors import ConfigError

CACHES = ["__pycache__", "*.pyc", ".*_cache"]


class Code(Construct):
    """The assets of a stack.

    Attributes:
        streaming: The handlers and the library `clickstream`, for Glue.
        function_code: The same archive, for Lambda.
        jobs: `batch_jobs/` and `sql/` side by side, as in the repository.
        glue_entry: The script that Glue starts.
        modules: Packages that Glue lacks; None on the emulator, which runs no Spark job.
        layer: Packages that the Lambda runtime lacks.
    """

    def __init__(self, scope: Construct, construct_id: str, config: Config, build: Path) -> None:
        super().__init__(scope, construct_id)
        streaming = str(ROOT / "streaming_lambdas")
        self.streaming = assets.Asset(self, "Streaming", path=streaming, exclude=CACHES, ignore_mode=IgnoreMode.GIT)
        self.function_code = lambda_.Code.from_asset(streaming, exclude=CACHES, ignore_mode=IgnoreMode.GIT)
        self.jobs = assets.Asset(
            self,
            "Jobs",
            path=str(ROOT),
            exclude=["/*", "!/batch_jobs", "!/sql", *CACHES],
            ignore_mode=IgnoreMode.GIT,
        )
        self.glue_entry = assets.Asset(self, "GlueEntry", path=str(ROOT / "batch_jobs" / "glue_entry.py"))
        self.modules = None if config.is_local else assets.Asset(self, "Modules", path=_archive("glue", build))
        self.layer = lambda_.LayerVersion(
            self,
            "Layer",
            code=lambda_.Code.from_asset(_archive("local" if config.is_local else "aws", build)),
            description="pyarrow, msgspec and the user agent matchers, from requirements/layer.txt",
            compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
            compatible_architectures=[lambda_.Architecture.X86_64],
        )

    @property
    def version(self) -> str:
        """What commits name as the code that wrote them: changes with every change of the library."""
        return self.streaming.asset_hash[:12]

    @property
    def glue_archives(self) -> list[assets.Asset]:
        """Everything that a Glue run unpacks before it starts, our code last so that it wins."""
        return [asset for asset in (self.modules, self.streaming, self.jobs) if asset]


def _archive(name: str, build: Path) -> str:
    path = archive_path(name, build)
    if not path.exists():
        raise ConfigError(f"{path.name} is not built: run `python -m cdk.layer {name}`")
    return str(path)
