"""Bytes that queries read of Parquet files, by DataFusion: columns, row groups and pages are skipped as Trino does.

python -m benchmarks.lake_scan FOLDER       prints {query: bytes} as JSON
"""

import json
import re
import sys

from datafusion import SessionConfig, SessionContext  # type: ignore[import-not-found]  # in the environment of the others

_FROM, _TO = ("CAST('2026-11-21T09:20:00Z' AS TIMESTAMP)", "CAST('2026-11-21T09:30:00Z' AS TIMESTAMP)")
QUERIES = {
    "revenue by currency": "SELECT currency, SUM(revenue) FROM t WHERE event_type = 'purchase' GROUP BY 1",
    "orders by channel": "SELECT channel, COUNT(DISTINCT order_id) FROM t WHERE event_type = 'purchase' GROUP BY 1",
    "searches": "SELECT search_term, COUNT(*) FROM t WHERE event_type = 'search' GROUP BY 1",
    "funnel": "SELECT event_type, COUNT(*) FROM t WHERE event_type IN ('add_to_cart', 'begin_checkout', 'purchase')"
    " GROUP BY 1",
    "top pages, 10 min": "SELECT page_path, COUNT(*) FROM t WHERE event_type = 'page_view'"
    f" AND event_time >= {_FROM} AND event_time < {_TO} GROUP BY 1",
    "events by minute": "SELECT DATE_TRUNC('minute', event_time), COUNT(*) FROM t GROUP BY 1",
}
"""What the reports read, reduced to the columns and conditions that decide what is scanned."""
_SETTINGS = {
    "datafusion.execution.parquet.pushdown_filters": "true",
    "datafusion.execution.parquet.enable_page_index": "true",
    "datafusion.execution.target_partitions": "1",
}
_UNITS = {"": 1, "B": 1, "K": 1e3, "KB": 1e3, "M": 1e6, "MB": 1e6, "G": 1e9, "GB": 1e9}


def scanned(folder: str) -> dict[str, int]:
    """Bytes read of the data files in the folder, by query."""
    context = SessionContext(SessionConfig(_SETTINGS))
    context.register_parquet("t", folder, file_extension=".parquet")
    return {name: _bytes(context, query) for name, query in QUERIES.items()}


def _bytes(context: SessionContext, query: str) -> int:
    batches = context.sql(f"EXPLAIN ANALYZE {query}").collect()
    plan = "\n".join(text for batch in batches for text in batch.column("plan").to_pylist())
    found = re.search(r"bytes_scanned=([\d.]+)\s*([KMGB]*)", plan)
    if not found:
        raise ValueError(f"the plan does not say what was read: {plan}")
    return round(float(found[1]) * _UNITS[found[2]])


if __name__ == "__main__":
    print(json.dumps(scanned(sys.argv[1])))
