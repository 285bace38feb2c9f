"""What a report must say about its own data: how fresh it is, what is missing, what was refused, what looked odd."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clickstream.detection.alerting import is_anomaly, rule_of
from clickstream.lake.generations import Generation, hour_start
from clickstream.lake.work import fresh_inputs
from clickstream.ledger import Ledger
from clickstream.ports import Item, Table

_LOOK_BACK = timedelta(days=2)


@dataclass(frozen=True)
class Anomaly:
    """One detected anomaly. `detected_time` is UTC, None where the item states no readable time."""

    rule: str
    severity: str
    detected_time: datetime | None


@dataclass(frozen=True)
class LakeState:
    """The state of the lake that a report was made from. Counts are sums over the received hours of the interval."""

    as_of_hour: str | None
    """Newest received hour of the lake with a generation, `2026-11-21T09`."""
    open_hours: tuple[str, ...]
    """Received hours with events that are not in a generation yet: not included in the report."""
    received_hours: int
    rows: int
    duplicates: int
    quarantined: int
    anomalies: tuple[Anomaly, ...]


def lake_state(
    commits: Sequence[Generation], hours: Iterable[str], open_hours: Iterable[str], anomalies: Iterable[Anomaly]
) -> LakeState:
    """Sum up the newest generation of every hour of the lake over the received hours of a report."""
    wanted = set(hours)
    used = [commit for commit in commits if commit.hour in wanted]
    return LakeState(
        as_of_hour=max((commit.hour for commit in commits), default=None),
        open_hours=tuple(open_hours),
        received_hours=len(wanted),
        rows=sum(commit.rows for commit in used),
        duplicates=sum(commit.duplicates for commit in used),
        quarantined=sum(commit.quarantined for commit in used),
        anomalies=tuple(anomalies),
    )


def open_hours(ledger: Ledger, commits: Iterable[Generation], start: datetime) -> list[str]:
    """Received hours that may hold events from `start` on and have landed objects outside their generation.

    The open hour itself is one of them while events flow. Hours that ended two days before `start` need no look: no
    event is stored with a time more than an hour after its arrival.
    """
    newest = {commit.hour: commit for commit in commits}
    hours = [hour for hour in ledger.hours() if hour_start(hour) > start - _LOOK_BACK]
    return [hour for hour in hours if fresh_inputs(ledger.work(hour), newest.get(hour))]


def anomalies(table: Table) -> list[Anomaly]:
    """Every anomaly of the table, oldest first. Raises `InfrastructureError` if it cannot be read."""
    found = [
        Anomaly(rule_of(item), str(item.get("severity", "unknown")), _time(item))
        for item in table.scan()
        if is_anomaly(item)
    ]
    return sorted(found, key=lambda anomaly: (anomaly.detected_time is None, str(anomaly.detected_time)))


def _time(item: Item) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(item.get("detected_time")))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
