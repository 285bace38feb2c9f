"""The section of the report page about hours with far more, or far fewer, events than usual."""

from datetime import UTC

from batch_jobs.number_text import count, decimal, moment, plural
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html
from batch_jobs.reports.parts import NO_DATA, Column, section, table
from batch_jobs.reports.report_rows import Row

_SHOWN = 12
_LEAST_DAYS = 5
_RULE = (
    "An hour is held against the same hour of up to 14 days before;"
    f" with less than {_LEAST_DAYS} days of history it is not judged."
)


def odd_hours(facts: PageFacts) -> Html:
    """The most unusual hours, by how far they are from what is usual."""
    if "anomalies" not in facts.rows:
        return section("hours", "Unusual hours", NO_DATA)
    rows = sorted(facts.table("anomalies"), key=lambda row: -abs(row["score"]))
    if not rows:
        verdict = "No hour was unusual." if _is_judged(facts) else "There is too little history to judge by."
        return section("hours", "Unusual hours", f"{verdict} {_RULE}")
    return section(
        "hours",
        "Unusual hours",
        f"{plural(len(rows), 'hour')} had far more or far fewer events of people than usual. {_RULE}",
        table(
            f"Hours by how unusual they are ({facts.time_zone} time); a score of 5 in usual spreads counts",
            [
                Column("Hour"),
                Column("Events"),
                Column("Usual"),
                Column("Score", is_wide_only=True),
                Column("Than usual"),
            ],
            (_cells(facts, row) for row in rows[:_SHOWN]),
        ),
    )


def _is_judged(facts: PageFacts) -> bool:
    """Whether the lake holds enough days before the last one."""
    run = next((run for run in facts.runs if run.get("name") == "anomalies"), {})
    return int(run.get("days_held", 0)) > _LEAST_DAYS


def _cells(facts: PageFacts, row: Row) -> tuple[str, ...]:
    hour = moment(facts.local(row["hour_time"].replace(tzinfo=UTC)))
    direction = "more" if row["score"] > 0 else "fewer"
    return hour, count(row["events"]), count(row["expected"]), decimal(row["score"]), direction
