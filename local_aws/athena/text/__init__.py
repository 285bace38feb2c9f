"""Tables of lines: JSON, CSV and delimited text, plain or gzip.

`formats` says how a table is written, `lines` reads an object, `json_rows` and `csv_rows` take a line apart, `values`
reads its parts, and `converting` makes a Parquet file of an object, which is then read as any other. What Athena would
answer differently from version to version is refused.
"""
