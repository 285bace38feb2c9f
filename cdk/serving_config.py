"""What of serving may be configured at deployment."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServingConfig:
    """The part of `cdk.config.Config` that is about those whom the lake serves; all of it needs `serving=on`.

    Attributes:
        notebook_instance: Type of the notebook instance of SageMaker, or `off` for none: it costs by the hour.
    """

    notebook_instance: str = "off"
