"""The rows of an interval's reports, and the few numbers that follow from several of them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Number = int | float
Numbers = Mapping[str, Number | None]
"""By name; None where the report it comes from failed."""

KEY_REPORTS = ("headline", "session_summary", "revenue")
"""The reports that `ReportRows.key_numbers` needs."""


@dataclass(frozen=True)
class ReportRows:
    """`rows` is by report name and lacks the reports that failed."""

    rows: Mapping[str, Sequence[Row]]

    def table(self, report: str) -> Sequence[Row]:
        """Rows of a report; none if it failed."""
        return self.rows.get(report, ())

    def headline(self, column: str) -> int | None:
        """One number of the headline report, None if there is none."""
        rows = self.table("headline")
        return rows[0].get(column) if rows else None

    def total(self, report: str, column: str) -> int | None:
        """Sum of a column, None if the report failed."""
        if report not in self.rows:
            return None
        return sum(int(row[column] or 0) for row in self.rows[report])

    @property
    def conversion_rate(self) -> float | None:
        """Share of sessions with a purchase."""
        sessions = self.total("session_summary", "sessions")
        converted = self.total("session_summary", "converted_sessions")
        return converted / sessions if sessions and converted is not None else None

    @property
    def revenue(self) -> dict[str, Decimal]:
        """Value of all orders, by currency."""
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for row in self.table("revenue"):
            if row["revenue"] is not None:
                sums[row["currency"] or "without currency"] += Decimal(str(row["revenue"]))
        return dict(sums)

    @property
    def key_numbers(self) -> dict[str, Number | None]:
        """The numbers that people quote: compared with the period before, and watched for changes afterwards.

        Revenue is by currency, `revenue_EUR`.
        """
        return {
            "events": self.headline("events"),
            "bot_events": self.headline("bot_events"),
            "visitors": self.headline("visitors"),
            "sessions": self.total("session_summary", "sessions"),
            "purchases": self.total("revenue", "orders"),
            "conversion_rate": self.conversion_rate,
            **{f"revenue_{currency}": float(amount) for currency, amount in sorted(self.revenue.items())},
        }
