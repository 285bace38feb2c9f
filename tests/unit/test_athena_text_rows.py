"""Lines of text tables: what each serializer makes of them, and what is refused because it is not certain."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from local_aws.athena.errors import NotSupportedError, QueryError
from local_aws.athena.text.csv_rows import SeparatedRows
from local_aws.athena.text.formats import HCATALOG, LAZY_SIMPLE, OPEN_CSV, OPENX, TextFormat
from local_aws.athena.text.json_rows import JsonRows


def read(serde: str, line: str, *kinds: str, **given: str) -> Any:
    """Return what columns a, b, c … of these types have in a line."""
    columns = tuple((chr(ord("a") + place), kind) for place, kind in enumerate(kinds))
    form = TextFormat(serde, {name.replace("_", "."): value for name, value in given.items()}, 0)
    rows = JsonRows if form.is_json else SeparatedRows
    return rows(form, columns, [name for name, _ in columns]).read(line)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("x,y", ["x", "y", None]),
        ("x,,z,more", ["x", "", "z"]),
        ('"x, y","he said ""no""",z', ["x, y", 'he said "no"', "z"]),
        (r'"a\"b","c\\d",', ['a"b', r"c\d", ""]),
        ('"",y,""', ["", "y", ""]),
        (" x , y", [" x ", " y", None]),
        ("", ["", None, None]),
    ],
)
def test_fields_of_open_csv(line: str, fields: list[str | None]) -> None:
    """Quotes hold separators, doubled or escaped quotes mean one; a short line ends in NULLs."""
    assert read(OPEN_CSV, line, "string", "string", "string") == fields


@pytest.mark.parametrize("line", ['x"y,z', r"C:\temp,y", r'"C:\temp",y', '"open,y', '"x"y,z', ' "x",y'])
def test_quotes_that_versions_of_open_csv_read_differently_are_refused(line: str) -> None:
    """Within a bare field, before other characters, without an end."""
    with pytest.raises(NotSupportedError, match="quotes or escapes"):
        read(OPEN_CSV, line, "string", "string")


def test_open_csv_takes_times_as_numbers() -> None:
    """Days and milliseconds since 1970; text that is none fails the query."""
    line = '"20454","1767225600123","-5","1.5","TRUE"'

    assert read(OPEN_CSV, line, "date", "timestamp", "int", "double", "boolean") == [
        dt.date(2026, 1, 1),
        dt.datetime(2026, 1, 1, 0, 0, 0, 123_000),  # noqa: DTZ001 - timestamps of tables have no zone
        -5,
        1.5,
        True,
    ]
    for text, kind in (("2026-01-01", "date"), ("", "int"), ("1_0", "bigint"), ("300", "tinyint"), ("x", "double")):
        with pytest.raises(QueryError, match="HIVE_BAD_DATA: Error parsing field value"):
            read(OPEN_CSV, text, kind)


def test_delimited_fields_are_bare() -> None:
    """Quotes are characters, NULL has a word, an empty field is NULL except as text; times are texts."""
    line = '"x"|\\N||2026-01-31|2026-01-31 12:00:00.5|1.50|'
    kinds = ("string", "string", "int", "date", "timestamp", "decimal(5,2)", "string", "string")

    assert read(LAZY_SIMPLE, line, *kinds, field_delim="|") == [
        '"x"',
        None,
        None,
        dt.date(2026, 1, 31),
        dt.datetime(2026, 1, 31, 12, 0, 0, 500_000),  # noqa: DTZ001 - as above
        Decimal("1.50"),
        "",
        None,
    ]
    assert read(LAZY_SIMPLE, "1\x012", "int", "int") == [1, 2]
    assert read(LAZY_SIMPLE, "1\t2", "int", "int", field_delim="9") == [1, 2]
    assert read(LAZY_SIMPLE, r"a\,b,\\,NA", "string", "string", "string", field_delim=",", escape_delim="\\",
                serialization_null_format="NA") == ["a,b", "\\", None]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"), [("x", "int"), ("1.5", "bigint"), ("yes", "boolean"), ("1.234", "decimal(5,2)")]
)
def test_delimited_values_that_may_be_null_in_athena_are_refused(text: str, kind: str) -> None:
    """Hive says NULL, some readers fail."""
    with pytest.raises(NotSupportedError, match="may be NULL"):
        read(LAZY_SIMPLE, text, kind)


def test_json_by_names_whatever_their_case() -> None:
    """Nested values keep their shape; absent keys are NULL; numbers in quotes are numbers for OpenX."""
    line = '{"A": "5", "b": [1, null], "C": {"x": {"K": true}}, "d": 19.9, "e": "2026-01-31 12:00:00"}'
    kinds = ("int", "array<bigint>", "struct<x:map<string,boolean>,y:int>", "string", "timestamp", "string")

    assert read(OPENX, line, *kinds) == [
        5,
        [1, None],
        {"x": [("k", True)], "y": None},
        "19.9",
        dt.datetime(2026, 1, 31, 12, 0, 0),  # noqa: DTZ001 - as above
        None,
    ]
    assert read(HCATALOG, '{"A": 5, "b": 19.90, "c": true}', "int", "string", "string") == [5, "19.90", "true"]
    assert read(OPENX, '{"a.b": 1, "T": 2}', "int", "int", dots_in_keys="true", mapping_a="a.b", mapping_b="t") == [
        1,
        2,
    ]


@pytest.mark.parametrize("line", ["{", "[1]", "5", '{"a": 1} {"a": 2}', "{'a': 1}", '{"a": NaN}', '{"a": 1, "A": 2}'])
def test_a_line_that_is_no_json_object_fails_the_query_unless_ignored(line: str) -> None:
    """When ignored it is a row of NULLs."""
    with pytest.raises(QueryError, match="HIVE_CURSOR_ERROR: Row is not a valid JSON Object"):
        read(OPENX, line, "int")
    assert read(OPENX, line, "int", ignore_malformed_json="true") == [None]


@pytest.mark.parametrize(
    ("line", "kind", "error"),
    [
        ('{"a": "x"}', "int", "HIVE_BAD_DATA"),
        ('{"a": {"b": 1}}', "int", "HIVE_BAD_DATA"),
        ('{"a": 1}', "array<int>", "HIVE_BAD_DATA"),
        ('{"a": {"b": 1}}', "string", "declare it as struct"),
        ('{"a": 19.90}', "string", "its digits may be others"),
        ('{"a": 1767225600}', "timestamp", "the time 1767225600"),
        ('{"a": "2026-01-31T12:00:00Z"}', "timestamp", "the time"),
    ],
)
def test_json_values_that_do_not_fit(line: str, kind: str, error: str) -> None:
    """Bad data fail as in Athena; what depends on the version of the serializer is refused."""
    with pytest.raises(QueryError, match=error):
        read(OPENX, line, kind)
