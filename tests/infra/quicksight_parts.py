"""What the tests of QuickSight look at: resources, the columns of datasets, and the parts of a definition."""

from collections.abc import Iterator
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from tests.infra.policy_template import Resolved

PRINCIPAL = "arn:aws:quicksight:us-east-1:123456789012:user/default/ana"
CONTEXT = {"environment": "production", "serving": "on", "quicksightPrincipal": PRINCIPAL}


def of_kind(stack: Resolved, kind: str) -> dict[str, Any]:
    """The only resource of a kind."""
    (found,) = stack.of_type(f"QuickSight::{kind}").values()
    return found


def datasets(stack: Resolved) -> dict[str, dict[str, str]]:
    """Name and type of the columns of each dataset, by the id that the sheets call it by."""
    shown = of_kind(stack, "Dashboard")["Definition"]["DataSetIdentifierDeclarations"]
    names = {one["DataSetArn"]: one["Identifier"] for one in shown}
    return {
        names[f"{logical}.Arn" if f"{logical}.Arn" in names else stack.arn(logical)]: {
            column["Name"]: column["Type"] for column in one["PhysicalTableMap"]["report"]["CustomSql"]["Columns"]
        }
        for logical, one in stack.of_type("QuickSight::DataSet").items()
    }


def parts(found: Any) -> Iterator[dict[str, Any]]:
    """Every object within."""
    if isinstance(found, dict):
        yield found
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from parts(one)


def input_of(kind: str) -> Any:
    """The shape of what the API takes to create one."""
    model = botocore.session.get_session().get_service_model("quicksight")
    return model.operation_model(f"Create{kind}").input_shape


def faults(given: dict[str, Any], shape: Any) -> list[str]:
    """What the service's own model finds: names, types, required fields, lengths, and words that it does not know."""
    report = ParamValidator().validate(given, shape).generate_report()
    return [*([report] if report else []), *_wrong_words(given, shape)]


def _wrong_words(given: Any, shape: Any) -> Iterator[str]:
    if shape.type_name == "structure":
        for name in given.keys() & shape.members.keys():
            yield from _wrong_words(given[name], shape.members[name])
    elif shape.type_name == "list":
        for value in given:
            yield from _wrong_words(value, shape.member)
    elif shape.type_name == "map":
        for value in given.values():
            yield from _wrong_words(value, shape.value)
    elif getattr(shape, "enum", None) and given not in shape.enum:
        yield f"{given}: {', '.join(shape.enum)}"
