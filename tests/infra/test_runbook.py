"""Every alarm has a section of the runbook, which its description names, and an objective has an alarm."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clickstream import metrics

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]
RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
SECTIONS = {
    re.sub(r"[^a-z]+", "-", heading.lower()): text
    for heading, text in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", RUNBOOK, re.MULTILINE | re.DOTALL)
}


def names(template: Template, of_type: OfType) -> dict[str, str]:
    """The section of each alarm."""
    found = of_type(template, "CloudWatch::Alarm")
    return {one["AlarmName"].split("-", 2)[2]: one["AlarmDescription"].partition("#")[2] for one in found}


def test_every_alarm_is_in_the_section_that_it_names(template: Template, of_type: OfType) -> None:
    """Whoever is woken up finds the name and what to do under the heading in the message."""
    for name, section in names(template, of_type).items():
        assert f"`{name}`" in SECTIONS[section], f"{name} is not in the section {section!r} of docs/runbook.md"


def test_the_runbook_names_no_alarm_that_is_gone(template: Template, of_type: OfType) -> None:
    """Each name behind `Alarm` is that of an alarm."""
    known = names(template, of_type)
    for section, text in SECTIONS.items():
        for paragraph in re.findall(r"^Alarms? .*?(?=\.\s|: )", text, re.MULTILINE | re.DOTALL):
            assert set(re.findall(r"`([A-Z]\w+)`", paragraph)) <= known.keys(), section


@pytest.mark.parametrize(
    ("name", "threshold", "seconds"),
    [
        ("CountersLate", 300_000, 900),
        ("CompactionLate", 120, 300),
        ("ReportsLate", 1, 300),
        ("ReportsSilent", 1, 2 * 86_400),
        ("StreamSilent", 1, 3600),
    ],
)
def test_objectives_are_thresholds(
    template: Template, of_type: OfType, name: str, threshold: float, seconds: int
) -> None:
    """The numbers of the table of objectives are those of the alarms."""
    (alarm,) = [one for one in of_type(template, "CloudWatch::Alarm") if one["AlarmName"].endswith(f"-{name}")]
    assert (alarm["Threshold"], alarm["Period"] * alarm["EvaluationPeriods"]) == (threshold, seconds)
    assert alarm["TreatMissingData"] == ("breaching" if name.endswith("Silent") else "notBreaching")


def test_a_site_that_sleeps_has_no_alarm_on_silence(template_of: Callable[..., Template], of_type: OfType) -> None:
    """The number of minutes is configuration; 0 takes the alarm away."""
    for minutes, expected in (("480", [480 * 60]), ("0", [])):
        alarms = of_type(template_of(silentStreamAlarmMinutes=minutes), "CloudWatch::Alarm")
        assert [one["Period"] for one in alarms if one["AlarmName"].endswith("StreamSilent")] == expected


def test_the_dashboard_answers_what_is_asked_first(template: Template, of_type: OfType) -> None:
    """Each number that operations are judged by is in a widget; events by the types of the list and the rest."""
    (dashboard,) = of_type(template, "CloudWatch::Dashboard")
    body = "".join(part for part in dashboard["DashboardBody"]["Fn::Join"][1] if isinstance(part, str))
    wanted = (
        *(metrics.EVENTS_PROCESSED, *metrics.EVENT_TYPES, metrics.OTHER_TYPE, metrics.LATENCY_MS, metrics.BAD_PERCENT),
        *("IteratorAge", "Duration", "Errors", "Throttles", "ReadThrottleEvents", "WriteThrottleEvents"),
        *(metrics.GIVEN_UP_BATCHES, metrics.LEDGER_CONTRADICTIONS, metrics.COUNTER_DIFFERENCE),
        *(metrics.COMPACTION_LAG_MINUTES, metrics.REPORT_LAG_HOURS, metrics.QUERY_DOLLARS, "ProcessedBytes"),
    )
    assert [name for name in wanted if f'"{name}"' not in body] == []
    assert "Clickstream/Events" in body
