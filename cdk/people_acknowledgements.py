"""What cdk-nag finds in the roles for people and we keep, each with its reason; see `cdk.acknowledgements`."""

from collections.abc import Iterator

from cdk.acknowledgements import AWS
from cdk.people import STACKS
from cdk.readers import analysts, scientists

_FOLDER = "Names of objects are made as data comes; the folder is the limit. tests/infra/test_people_grants.py."
_OF_STACK = "Names that begin with the stack's own, and nobody else's."


def wildcards(bucket: str, prefix: str) -> Iterator[tuple[str, str]]:
    """Findings of the rule on wildcards, and their reasons.

    Args:
        bucket: Logical id of the lake's bucket.
        prefix: Start of every name in the stack.
    """
    for readable in (analysts(""), scientists("")):
        yield from _of(f"<{bucket}.Arn>/", _FOLDER, *(f"{name}/*" for name in (*readable.folders, readable.results)))
    database = prefix.replace("-", "_")
    here = "<AWS::Region>:<AWS::AccountId>"
    arn = "arn:<AWS::Partition>:"
    yield from _of(
        f"{arn}glue:{here}:table/{database}/", "What columns there are is no secret.", "masked_*", "report_*"
    )
    yield from _of(f"{arn}cloudformation:{here}:", "Names alone; who deploys names the root stack.", STACKS)
    yield from _of(f"{arn}cloudwatch:{here}:", "Alarms are listed over the account; they hold no event.", "alarm:*")
    yield from _of(f"{arn}logs:{here}:log-group:", "Names of log groups are listed over the account.", "*")
    groups = (f"/aws/apigateway/{prefix}-*", f"/aws/lambda/{prefix}-*")
    yield from _of(f"{arn}logs:{here}:log-group:", _OF_STACK, *groups)
    yield from _of(f"{arn}scheduler:{here}:", _OF_STACK, f"schedule/default/{prefix}-*")
    yield from _of(f"{arn}states:{here}:", "Runs of our own state machine.", f"execution:{prefix}-batch:*")
    metrics = "Metrics, lists of Athena and of event source mappings know no resources"
    yield from _of("", f"{metrics}; nor do tags of AWS FIS, and Lambda's network interfaces.", "*")


def _of(start: str, reason: str, *names: str) -> Iterator[tuple[str, str]]:
    yield from ((f"{AWS}-IAM5[Resource::{start}{name}]", reason) for name in names)
