"""Whom the lake serves: analysts in the console, models and notebooks, dashboards. Only with `-c serving=on`."""

from constructs import Construct

from cdk.config import Config
from cdk.encryption import Encryption
from cdk.lake import Lake
from cdk.named_queries import NamedQueries
from cdk.quicksight import QuickSight
from cdk.sagemaker import SageMaker


class Serving(Construct):
    """What the emulator does not take, and not everybody needs.

    Attributes:
        sagemaker: Where models are trained and listed.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, config: Config, encryption: Encryption, lake: Lake
    ) -> None:
        super().__init__(scope, construct_id)
        NamedQueries(self, "NamedQueries", lake=lake)
        if config.quicksight_principal:
            QuickSight(self, "QuickSight", config=config, encryption=encryption, lake=lake)
        self.sagemaker = SageMaker(self, "SageMaker", config=config, encryption=encryption, lake=lake)
