"""The page on reports knows every report, and how far each looks back."""

import re
from pathlib import Path

from batch_jobs.reports.report_list import REPORTS
from clickstream.lake.statements import read_statement

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in (ROOT / "docs" / "reports.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]


def test_the_table_knows_every_report() -> None:
    """Each once, with the days that its statement looks back."""
    told = {name: back for names, _, back, _ in ROWS for name in re.findall(r"`(\w+)`", names)}
    days = {report.name: read_statement(ROOT / "sql" / f"{report.name}.sql").lookback({}).days for report in REPORTS}
    assert {name: int((re.findall(r"\d+", back) or ["0"])[0]) for name, back in told.items()} == days
