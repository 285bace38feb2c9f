"""Nobody's name is in a log line, an alert or a metric, whatever functions and jobs did."""

import pytest

from tests.infra.role_scenarios import PERSON, Played

pytestmark = pytest.mark.filterwarnings("ignore:The copy keyword:DeprecationWarning")  # awswrangler on pandas 3
NAMES = ("canary", "7f3a", PERSON["ip_address"], "joe@b.org")


def test_logs_name_nobody(played: Played) -> None:
    """Neither lines of functions nor those of batch steps: not the erasure's, nor of files that could not be read."""
    assert '"function": "process_events"' in played.said
    assert '"job": "erase_events"' in played.said
    assert [line for line in played.said.splitlines() if any(name in line for name in NAMES)] == []


def test_alerts_name_nobody(played: Played) -> None:
    """Receivers learn rule, severity and counts."""
    assert {alert.get("rule") for alert in played.alerts} >= {"checkout_without_journey"}
    assert [alert for alert in played.alerts if any(name in repr(alert) for name in NAMES)] == []


def test_metrics_name_nobody(played: Played) -> None:
    """Their dimensions are the names of tables and functions."""
    assert "counter_difference" in played.metrics
    assert not any(name in played.metrics for name in NAMES)
