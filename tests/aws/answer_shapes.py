"""Whether an answer of an endpoint has the shape that botocore's model of the service gives it."""

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape


def misfits(shape: Shape | None, value: Any, path: str) -> Iterator[str]:
    """Yield what a value holds that the model does not know, or has of another type."""
    wanted: dict[str, Any] = {
        "string": str, "integer": int, "long": int, "boolean": bool, "timestamp": (int, float), "list": list,
        "map": dict, "structure": dict,
    }  # fmt: skip
    assert shape is not None
    if not isinstance(value, wanted[shape.type_name]):
        yield f"{path} is {value!r}"
    elif isinstance(shape, StructureShape):
        yield from (f"{path} lacks {name}" for name in shape.required_members if name not in value)
        for name, item in value.items():
            if name not in shape.members:
                yield f"{path}.{name} is unknown"
            else:
                yield from misfits(shape.members[name], item, f"{path}.{name}")
    elif isinstance(shape, (ListShape, MapShape)):
        items = value if isinstance(shape, ListShape) else value.values()
        member = shape.member if isinstance(shape, ListShape) else shape.value
        for item in items:
            yield from misfits(member, item, f"{path}[]")
