"""The template that a person deploys: small enough for `--template-body`, it picks the environment's template."""

from collections.abc import Iterable, Mapping

from cdk.cloudformation.parameters import BUCKET, ENVIRONMENT, PREFIX, root_parameters, size_parameters

BODY_LIMIT_BYTES = 51_200
"""Of a template that is sent with the request.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""
STACK = "Clickstream"
"""Logical name of the nested stack."""
DESCRIPTION = "Clickstream data lake: live counters, exactly-once Parquet, Athena. The nested stack holds everything"
_GROUPS = {
    "What to deploy": (ENVIRONMENT,),
    "Sizes": tuple(size_parameters()),
    "Where the published files are": (BUCKET, PREFIX),
}


def root_template(template_names: Mapping[str, str], outputs: Iterable[str]) -> dict[str, object]:
    """Make the root template.

    Args:
        template_names: Of each environment, the name of its template under the prefix in the bucket.
        outputs: Names of the outputs that all of them have.
    """
    bucket = {"Fn::If": ["IsDefaultBucket", {"Fn::Sub": default_bucket("${AWS::AccountId}", "${AWS::Region}")}]}
    bucket["Fn::If"].append({"Ref": BUCKET})
    address = "https://${Bucket}.s3.${AWS::Region}.${AWS::URLSuffix}/${AssetPrefix}${Name}"
    name = {"Fn::FindInMap": ["Templates", {"Ref": ENVIRONMENT}, "Name"]}
    passed: dict[str, object] = {key: {"Ref": key} for key in (*size_parameters(), PREFIX)}
    nested = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {
            "TemplateURL": {"Fn::Sub": [address, {"Bucket": bucket, "Name": name}]},
            "Parameters": {**passed, BUCKET: bucket},
        },
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": DESCRIPTION,
        "Metadata": {"AWS::CloudFormation::Interface": {"ParameterGroups": _groups()}},
        "Parameters": root_parameters(),
        "Mappings": {"Templates": {key: {"Name": name} for key, name in template_names.items()}},
        "Conditions": {"IsDefaultBucket": {"Fn::Equals": [{"Ref": BUCKET}, ""]}},
        "Resources": {STACK: nested},
        "Outputs": {name: {"Value": {"Fn::GetAtt": [STACK, f"Outputs.{name}"]}} for name in outputs},
    }


def default_bucket(account: str, region: str) -> str:
    """Name of the bucket that holds published files where none is named."""
    return f"clickstream-assets-{account}-{region}"


def _groups() -> list[dict[str, object]]:
    return [{"Label": {"default": label}, "Parameters": list(names)} for label, names in _GROUPS.items()]
