"""Print the stored anomalies as NDJSON: one object per session and rule.

python -m batch_jobs.list_anomalies --stack clickstream-local
"""

import argparse
import json
import sys
from datetime import UTC, datetime

from aws_stores import DynamoTable
from batch_jobs.stack import outputs
from clickstream.alerting import is_anomaly
from clickstream.live import is_live


def main(argv: list[str] | None = None) -> int:
    """Print those that have not expired, oldest first."""
    parser = argparse.ArgumentParser(prog="python -m batch_jobs.list_anomalies", description=__doc__.split("\n")[0])
    parser.add_argument("--stack", default="clickstream-local", help="stack whose outputs name the table")
    table = DynamoTable(outputs(parser.parse_args(argv).stack)["AnomaliesTableName"])
    now = datetime.now(UTC)
    items = [item for item in table.scan() if is_anomaly(item) and is_live(item, now)]
    for item in sorted(items, key=lambda item: (item["detected_time"], item["pk"], item["sk"])):
        fields = {name: item[name] for name in ("detected_time", "severity", "evidence", "alerted")}
        print(json.dumps({"session_id": item["pk"], "rule": item["sk"]} | fields))
    return 0


if __name__ == "__main__":
    sys.exit(main())
