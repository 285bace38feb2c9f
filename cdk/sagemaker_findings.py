"""What cdk-nag and checkov find in SageMaker's part and we keep, each with its reason; see `cdk.acknowledgements`."""

from collections.abc import Iterator

from cdk.acknowledgements import AWS, NIST
from cdk.config import Config
from cdk.readers import scientists
from clickstream.lake.session_models import FEATURES_FOLDER, TRAINING_REPOSITORY
from clickstream.lake.session_models import FOLDER as MODELS

_FOLDER = "Names of objects are made as data comes; the folder is the limit. tests/infra/test_sagemaker_roles.py."
_INTERNET = (
    "Its packages come from PyPI, by hashes, and people install others. Who may not have that leaves the notebook out: "
    "docs/decisions/0043-sagemaker-beside-the-lake.md."
)
_KEYS_OF_AWS = "A dev stack is encrypted by keys of AWS, see docs/decisions/0032-a-key-of-the-account.md."


def wildcards(config: Config, bucket: str) -> Iterator[tuple[str, str]]:
    """Findings of the rule on wildcards; `bucket` is the logical id of the lake's bucket."""
    place = "<AWS::Region>:<AWS::AccountId>"
    sagemaker = f"arn:<AWS::Partition>:sagemaker:{place}"
    jobs, database = f"{config.prefix}-sessions", config.prefix.replace("-", "_")
    reasons = {
        f"<{bucket}.Arn>/{FEATURES_FOLDER}*": _FOLDER,
        f"<{bucket}.Arn>/{MODELS}*": _FOLDER,
        f"arn:<AWS::Partition>:ecr:<AWS::Region>:*:repository/{TRAINING_REPOSITORY}": "AWS's own, one owner a region.",
        f"arn:<AWS::Partition>:logs:{place}:log-group:/aws/sagemaker/TrainingJobs:*": "A stream is a job.",
        f"{sagemaker}:training-job/{jobs}-*": "A job is named after its run.",
        f"{sagemaker}:model-package/{jobs}/*": "A package is named by its number.",
    }
    if config.notebook_instance != "off":
        reasons |= {
            **{f"<{bucket}.Arn>/{folder}/*": _FOLDER for folder in scientists("").folders},
            f"arn:<AWS::Partition>:cloudformation:{place}:stack/<AWS::StackName>/*": "This stack, whatever its id.",
            f"arn:<AWS::Partition>:glue:{place}:table/{database}/report_*": "All reports of our own database.",
        }
    yield from ((f"{AWS}-IAM5[Resource::{resource}]", reason) for resource, reason in reasons.items())


def of_notebook(config: Config) -> Iterator[tuple[str, str]]:
    """Findings on the instance itself."""
    if config.notebook_instance == "off":
        return
    rules = (f"{AWS}-SM1", f"{AWS}-SM3", f"{NIST}-SageMakerNotebookNoDirectInternetAccess")
    yield from ((rule, _INTERNET) for rule in rules)
    if not config.has_customer_key:
        rules_of_key = (f"{AWS}-SM2", f"{NIST}-SageMakerNotebookInstanceKMSKeyConfigured")
        yield from ((rule, _KEYS_OF_AWS) for rule in rules_of_key)
