"""Tables of JSON and CSV through the local Athena."""

import gzip
from collections.abc import Iterator

import boto3
import pytest

from tests.aws.athena_lake import BUCKET, columns_of, finished, reason_of, rows_of, serving, start


@pytest.fixture(autouse=True, scope="module")
def _endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One lake for all: each test names its own tables."""
    with serving(tmp_path_factory.mktemp("cache")):
        yield


def put(key: str, text: str) -> int:
    """Put an object of text, packed if its name says so, and return its size."""
    body = gzip.compress(text.encode()) if key.endswith(".gz") else text.encode()
    boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
    return len(body)


def make(name: str, columns: str, rest: str) -> None:
    """Make a table over a folder of its name."""
    rows_of(f"CREATE EXTERNAL TABLE {name} ({columns}) {rest.format(place=f's3://{BUCKET}/{name}/')}")


OPENX = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
OPEN_CSV = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"


def test_json_lines_in_partitions() -> None:
    """Plain and packed objects; partitions prune; every query pays for whole objects."""
    sizes = [
        put("clicks/day=2026-01-01/a.json", '{"ID": "x", "n": 1, "tags": ["a"]}\n{"id": "y"}\n'),
        put("clicks/day=2026-01-02/b.json.gz", '{"id": "z", "n": 5, "place": {"lat": 1.5}}\n'),
    ]
    columns = "id string, n bigint, tags array<string>, place struct<lat:double>"
    make("clicks", columns, f"PARTITIONED BY (day date) {OPENX} LOCATION '{{place}}'")
    rows_of("MSCK REPAIR TABLE clicks")

    assert rows_of("SELECT * FROM clicks ORDER BY id") == [
        ["x", "1", "[a]", None, "2026-01-01"],
        ["y", None, None, None, "2026-01-01"],
        ["z", "5", None, "{lat=1.5}", "2026-01-02"],
    ]
    assert rows_of("SELECT place.lat, count(*) AS n FROM clicks GROUP BY 1 ORDER BY 2") == [["1.5", "1"], [None, "2"]]
    for sql, size in (
        ("SELECT count(*) AS n FROM clicks", sum(sizes)),
        ("SELECT id FROM clicks WHERE day = DATE '2026-01-02'", sizes[1]),
    ):
        assert finished(start(sql))["Statistics"]["DataScannedInBytes"] == size
    assert rows_of("SELECT count(*) AS n FROM clicks") == [["3"]]


def test_a_bad_line_fails_the_query_with_its_place_or_is_a_row_of_nulls() -> None:
    """As `ignore.malformed.json` says; a query that reads another partition does not see it."""
    for name, properties in (("strict", ""), ("lenient", " WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')")):
        put(f"{name}/a.json", '{"n": 1}\n{"n": \n')
        make(name, "n int", f"{OPENX}{properties} LOCATION '{{place}}'")

    reason = reason_of("SELECT n FROM strict")
    assert reason.startswith("HIVE_CURSOR_ERROR: Row is not a valid JSON Object")
    assert f"s3://{BUCKET}/strict/a.json, line 2" in reason
    assert rows_of("SELECT n FROM lenient ORDER BY n") == [["1"], [None]]


def test_quoted_csv_with_a_header() -> None:
    """Only the columns that a query reads must fit their types."""
    put("people/a.csv", 'id;name;age\n"1";"Ada; Countess";"36"\n2;Bob;\n')
    properties = "WITH SERDEPROPERTIES ('separatorChar' = ';', 'quoteChar' = '\"', 'escapeChar' = '\\\\')"
    header = "TBLPROPERTIES ('skip.header.line.count' = '1')"
    make("people", "id int, name string, age int", f"{OPEN_CSV} {properties} LOCATION '{{place}}' {header}")

    assert rows_of("SELECT id, name FROM people ORDER BY id") == [["1", "Ada; Countess"], ["2", "Bob"]]
    assert reason_of("SELECT age FROM people").startswith("HIVE_BAD_DATA: Error parsing field value ''")


def test_delimited_text() -> None:
    """ROW FORMAT DELIMITED; empty numbers are NULL."""
    put("sales/a.tsv", "x\t1.50\t2026-01-31\r\ny\t\t\\N\r\n")
    rest = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' LINES TERMINATED BY '\\n' STORED AS TEXTFILE"
    make("sales", "id string, price decimal(6,2), day date", f"{rest} LOCATION '{{place}}'")

    assert rows_of("SELECT * FROM sales ORDER BY id") == [["x", "1.50", "2026-01-31"], ["y", None, None]]
    assert rows_of("SELECT s.id FROM sales s JOIN raw_events e ON s.day < e.dt GROUP BY 1") == [["x"]]


def test_hidden_columns_tell_of_the_object() -> None:
    """`"$path"`, `"$file_size"` and `"$file_modified_time"`; a star does not show them."""
    size = put("hidden/a.csv", "1\n2\n")
    make("hidden", "n int", "ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION '{place}'")
    head = boto3.client("s3").head_object(Bucket=BUCKET, Key="hidden/a.csv")
    sql = 'SELECT "$path", "$file_size", "$file_modified_time", count(*) AS n FROM hidden GROUP BY 1, 2, 3'

    assert rows_of(sql) == [
        [f"s3://{BUCKET}/hidden/a.csv", str(size), f"{head['LastModified']:%Y-%m-%d %H:%M:%S}.000 UTC", "2"]
    ]
    assert rows_of('SELECT * FROM hidden WHERE "$file_size" > 0 ORDER BY n') == [["1"], ["2"]]
    assert rows_of('SELECT count(*) AS n FROM raw_events WHERE "$file_modified_time" > current_timestamp') == [["0"]]


def test_a_table_without_files_has_its_columns_alone() -> None:
    """A star shows no hidden column there either; one that is named is there, empty."""
    make("vacant", "n int", "ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION '{place}'")
    assert columns_of("SELECT * FROM vacant") == ["n"]
    assert columns_of('SELECT *, "$path" AS place FROM vacant') == ["n", "place"]


def test_a_table_of_text_is_described_as_it_was_made() -> None:
    """SHOW CREATE TABLE can be read back as a statement."""
    put("again/a.json", '{"at": 7}\n')
    make("again", "n int", f"{OPENX} WITH SERDEPROPERTIES ('mapping.n' = 'at') LOCATION '{{place}}'")
    text = "\n".join(row[0] or "" for row in rows_of("SHOW CREATE TABLE again"))
    rows_of("DROP TABLE again")
    rows_of(text)

    assert rows_of("SELECT n FROM again") == [["7"]]


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("STORED AS ORC LOCATION '{place}'", "NOT_SUPPORTED (local engine): tables stored as ORC"),
        ("STORED AS AVRO LOCATION '{place}'", "NOT_SUPPORTED (local engine): tables stored as AVRO"),
        ("ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' LOCATION '{place}'", "NOT_SUPPORTED (local"),
        ("ROW FORMAT DELIMITED COLLECTION ITEMS TERMINATED BY ';' LOCATION '{place}'", "NOT_SUPPORTED (local"),
    ],
)
def test_other_files_are_refused_when_the_table_is_made(rest: str, reason: str) -> None:
    """Aloud, with the name of what is read."""
    place = rest.format(place=f"s3://{BUCKET}/other/")

    assert reason_of(f"CREATE EXTERNAL TABLE other (a string) {place}").startswith(reason)


def test_objects_that_are_not_read_are_named() -> None:
    """Other packings, bytes that are no UTF-8, gzip that is none."""
    make("packed", "a string", "ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION '{place}'")
    s3 = boto3.client("s3")
    for key, body, reason in (
        ("packed/a.zst", b"x", "NOT_SUPPORTED (local engine): object s3://lake/packed/a.zst"),
        ("packed/a.csv", b"\xff\n", "NOT_SUPPORTED (local engine): object s3://lake/packed/a.csv is no UTF-8"),
        ("packed/a.gz", b"x", "HIVE_CURSOR_ERROR: Failed to read file at s3://lake/packed/a.gz"),
    ):
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        assert reason_of("SELECT * FROM packed").startswith(reason)
        s3.delete_object(Bucket=BUCKET, Key=key)
