"""The service model of Athena, as botocore ships it: which operations there are, and what each takes."""

from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ListShape, Shape, StructureShape

from local_aws.athena.errors import ApiError
from local_aws.athena.requests import Request

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


@lru_cache(maxsize=1)
def _model() -> Any:  # noqa: ANN401 - botocore has no types for it
    return botocore.session.Session().get_service_model("athena")


def check(operation: str, request: Request) -> None:
    """Refuse a request that the service does not take.

    Raises:
        ApiError: `UnknownOperationException`, or `InvalidRequestException` with the member that is wrong.
    """
    if operation not in _model().operation_names:
        raise ApiError(f"Athena has no operation {operation or '(none was named)'}", "UnknownOperationException")
    shape = _model().operation_model(operation).input_shape
    if shape is not None:
        _check(shape, request, "")


def _check(shape: Shape, value: Any, path: str) -> None:  # noqa: ANN401 - any JSON
    wanted = _TYPES.get(shape.type_name)
    if wanted is not None and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
        raise ApiError(f"{path or 'the request'} must be of type {shape.type_name}")
    _check_bounds(shape, value, path)
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if value.get(name) is None:
                raise ApiError(f"{_inside(path, name)} is required")
        for name, member in shape.members.items():
            if value.get(name) is not None:
                _check(member, value[name], _inside(path, name))
    elif isinstance(shape, ListShape):
        for place, item in enumerate(value):
            _check(shape.member, item, f"{path}[{place}]")


def _inside(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _check_bounds(shape: Shape, value: Any, path: str) -> None:  # noqa: ANN401 - any JSON
    """Bounds are of a number itself, and of the length of a text or a list."""
    size = value if isinstance(value, int) else len(value) if isinstance(value, (str, list)) else 0
    what = "" if isinstance(value, int) else " in length"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        raise ApiError(f"{path} must be at least {least}{what}")
    if most is not None and size > most:
        raise ApiError(f"{path} must be at most {most}{what}")
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        raise ApiError(f"{path} must be one of {', '.join(choices)}")
