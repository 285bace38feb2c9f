"""Partition projection: partitions that table properties describe instead of the catalog.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-supported-types.html
"""

import itertools
import re
from datetime import UTC, datetime, timedelta

from local_aws.athena.catalog import Partition, Table, folder
from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.time_formats import joda_to_strftime

_NOW = re.compile(r"NOW\s*(?:([+-]\s*\d+)\s*(YEARS?|MONTHS?|WEEKS?|DAYS?|HOURS?|MINUTES?|SECONDS?))?", re.IGNORECASE)
_MOST = 1_000_000


def projected_partitions(table: Table, now: datetime | None = None) -> list[Partition]:
    """Return every partition that the properties of a table project.

    Args:
        table: Has `projection.enabled` = `true`.
        now: What `NOW` means, UTC; the time of the call when absent.

    Raises:
        QueryError: `INVALID_TABLE_PROPERTY`.
        NotSupportedError: Type `injected`, or more than a million partitions.
    """
    moment = (now or datetime.now(UTC)).replace(tzinfo=None)
    values = [_values(table, name, moment) for name, _ in table.keys]
    count = 1
    for column in values:
        count *= len(column)
    if count > _MOST:
        raise NotSupportedError(f"table {table.name} projects {count} partitions")
    return [Partition(parts, _location(table, parts)) for parts in itertools.product(*values)]


def _property(table: Table, name: str, default: str | None = None) -> str:
    value = table.parameters.get(f"projection.{name}", default)
    if value is None:
        raise QueryError("INVALID_TABLE_PROPERTY", f"The value of 'projection.{name}' is missing")
    return value


def _values(table: Table, name: str, now: datetime) -> list[str]:
    kind = _property(table, f"{name}.type").lower()
    if kind == "enum":
        return [value.strip() for value in _property(table, f"{name}.values").split(",")]
    if kind == "integer":
        return _integers(table, name)
    if kind == "date":
        return _dates(table, name, now)
    raise NotSupportedError(f"projection type {kind!r}")


def _integers(table: Table, name: str) -> list[str]:
    low, high = (int(part) for part in _property(table, f"{name}.range").split(","))
    digits = int(_property(table, f"{name}.digits", "0"))
    step = int(_property(table, f"{name}.interval", "1"))
    return [str(value).zfill(digits) for value in range(low, high + 1, step)]


def _dates(table: Table, name: str, now: datetime) -> list[str]:
    joda = _property(table, f"{name}.format")
    pattern = joda_to_strftime(joda)
    unit = _property(table, f"{name}.interval.unit", _finest_unit(joda)).lower().rstrip("s")
    low, high = (_moment(part.strip(), pattern, now) for part in _property(table, f"{name}.range").split(","))
    step = int(_property(table, f"{name}.interval", "1"))
    return list(dict.fromkeys(f"{moment:{pattern}}" for moment in _steps(low, high, unit, step)))


def _finest_unit(joda: str) -> str:
    return "HOURS" if "HH" in joda else "DAYS" if "dd" in joda else "MONTHS" if "MM" in joda else "YEARS"


def _moment(text: str, pattern: str, now: datetime) -> datetime:
    relative = _NOW.fullmatch(text)
    if relative is None:
        return datetime.strptime(text, pattern)  # noqa: DTZ007 - projection ranges are UTC wall clock without a zone
    if relative[1] is None:
        return now
    unit = relative[2].lower().rstrip("s")
    return _shift(now, unit, int(relative[1].replace(" ", "")))


def _shift(moment: datetime, unit: str, amount: int) -> datetime:
    if unit not in {"month", "year"}:
        return moment + timedelta(**{f"{unit}s": amount})
    months = moment.year * 12 + moment.month - 1 + amount * (12 if unit == "year" else 1)
    return moment.replace(year=months // 12, month=months % 12 + 1, day=min(moment.day, 28))


def _steps(low: datetime, high: datetime, unit: str, step: int) -> list[datetime]:
    moments, moment = [], low
    while moment <= high:
        moments.append(moment)
        moment = _shift(moment, unit, step)
    return moments


def _location(table: Table, values: tuple[str, ...]) -> str:
    named = {name: value for (name, _), value in zip(table.keys, values, strict=True)}
    template = table.parameters.get("storage.location.template")
    if template is None:
        return folder(table.location + "/".join(f"{name}={value}" for name, value in named.items()))
    for name, value in named.items():
        template = template.replace(f"${{{name}}}", value)
    return folder(template)
