"""The report page: self-contained, well-formed, escaped, and readable without data."""

import re
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest

from batch_jobs import number_text
from batch_jobs.reports import chart
from batch_jobs.reports.chart import Bucket
from batch_jobs.reports.page import render
from tests.unit.report_facts import DAY, NONE, ROWS, facts, tree, words


@pytest.mark.parametrize("rows", [{}, {name: [] for name in ROWS}, ROWS], ids=["failed", "empty", "full"])
def test_page_is_well_formed_and_asks_nothing_of_the_network(rows: dict[str, Any]) -> None:
    """Whatever there is to show, a strict XML parser reads it, and no attribute leads anywhere but into the page."""
    page = render(facts(rows=rows))
    allowed = {"http://www.w3.org/2000/svg"}
    addresses = set(re.findall(r"(?:https?:)?//[^\s\"'<)]+", page)) - allowed
    assert not addresses
    assert "@import" not in page
    assert "url(" not in page
    for node in tree(page).iter():
        assert node.tag.rpartition("}")[2] not in {"script", "img", "link", "iframe", "object"}
        assert node.get("href", "#").startswith("#")
        assert not {"src", "srcset", "action"} & node.attrib.keys()


def test_links_lead_to_sections() -> None:
    """Every entry of the navigation names a section that is there."""
    root = tree(render(facts()))
    anchors = {node.get("id") for node in root.iter()}
    assert {str(node.get("href"))[1:] for node in root.iter("a")} <= anchors


def test_hostile_text_stays_text() -> None:
    """A page title or a rule with markup in it is shown, not run."""
    page = render(facts())
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "alert('x')" in words(page)


def test_headline_numbers_and_readings() -> None:
    """The numbers that people ask for, and one sentence per chart."""
    text = words(render(facts())).replace(number_text.SPACE, " ")
    for sentence in (
        "Events 1,000 and 100 by bots",
        "Visitors 90",
        "Sessions 120",
        "Purchases 7",
        "Revenue 1,234.50 EUR and 20.00 USD",
        "Conversion 5.0 %",
        "The busiest 10 minutes began at 21 Nov 2026, 09:20 with 2,450 events.",
        "2 anomalies were detected: 1 click_rate, 1 ",
        "Of 100 sessions that viewed a product, 6 (6.0 %) bought; the steepest drop is before begin checkout",
        (
            "Most sessions come from organic_search (100.0 %); "
            "among channels with 100 sessions or more, organic_search converts best"
        ),
        "11 events (1.0 %) could not be accepted; the most frequent reason is not_json.",
        "Duplicates 12",
        "Quarantined 2",
        "Data received up to the hour 2026-11-21 23:00 UTC. 1 received hour is not compacted yet and not included.",
        "Not included: 2026-11-22T00",
        "The queries read 2.5 MB in all and cost $0.00005.",
        "q-1",
    ):
        assert sentence in text


def test_page_without_data_says_so() -> None:
    """No chart is drawn of nothing, and the sums of failed reports are not zero but absent."""
    text = words(render(facts(rows={}, state=NONE)))
    assert text.count("There is nothing to show for this interval.") == 16
    assert "Sessions n/a" in text
    assert "Every received hour is included." in text


def test_failed_report_is_named() -> None:
    """The reader learns which table is missing and why."""
    text = words(render(facts(runs=[{"name": "funnel", "title": "Funnel", "failure": "Athena refused funnel: <why>"}])))
    assert "Funnel is missing: Athena refused funnel: <why>" in text


def test_times_are_shown_in_the_zone() -> None:
    """The interval of a UTC day begins at one in Berlin."""
    assert "21 Nov 2026, 01:00 to 22 Nov 2026, 01:00, Europe/Berlin time" in words(
        render(facts(time_zone="Europe/Berlin"))
    )


def test_chart_keeps_every_event() -> None:
    """Buckets sum up to the minutes that lie in the interval, and to no other."""
    minutes = [Bucket(DAY + timedelta(minutes=minute), minute, 1) for minute in range(-5, 1500)]
    series = chart.gather(minutes, DAY, DAY + timedelta(days=1), ZoneInfo("UTC"))
    assert series.step == timedelta(minutes=10)
    assert len(series.buckets) == 144
    assert sum(bucket.events for bucket in series.buckets) == sum(range(1440))


@pytest.mark.parametrize("minutes", [1, 7, 90, 1440, 3 * 1440, 40 * 1440, 800 * 1440])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York"])
def test_chart_has_few_round_ticks(minutes: int, zone: str) -> None:
    """From a minute to years, in any zone: at most ten labels, inside the picture."""
    series = chart.gather([Bucket(DAY, 3, 0)], DAY, DAY + timedelta(minutes=minutes), ZoneInfo(zone))
    svg = ET.fromstring(chart.draw(series, ()))  # noqa: S314  # our own chart
    labels = [node for node in svg.iter() if node.tag.endswith("text") and str(node.get("x")).endswith("%")]
    assert len(labels) <= 10
    assert all(0 <= float(str(node.get("x"))[:-1]) <= 100 for node in labels)
    assert len(series.buckets) <= chart.MAX_BUCKETS


@pytest.mark.parametrize(
    ("greatest", "axis"),
    [(0, [0, 1]), (1, [0, 1]), (4, [0, 1, 2, 3, 4]), (7, [0, 2, 4, 6, 8]), (2454, [0, 1000, 2000, 3000])],
)
def test_axis_is_round_and_high_enough(greatest: int, axis: list[int]) -> None:
    """Steps of 1, 2 or 5 times a power of ten, up to the greatest value."""
    assert number_text.axis(greatest) == axis


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (number_text.share(0.0734), "7.3 %"),
        (number_text.share(0.00042), "0.042 %"),
        (number_text.share(None), "n/a"),
        (number_text.count(1234567), "1,234,567"),
        (number_text.duration(252), "4 min 12 s"),
        (number_text.duration(59.6), "1 min 0 s"),
        (number_text.duration(7300), "2 h 1 min"),
        (number_text.size(999), "999 bytes"),
        (number_text.size(1_234_567), "1.2 MB"),
        (number_text.dollars(0), "$0.00"),
        (number_text.dollars(0.00065), "$0.00065"),
        (number_text.dollars(1234.5), "$1,234.50"),
        (number_text.plural(1, "event"), "1 event"),
        (number_text.plural(2, "anomaly", "anomalies"), "2 anomalies"),
    ],
)
def test_numbers_are_written_for_people(made: str, text: str) -> None:
    """One notation for all of the page."""
    assert made.replace(number_text.SPACE, " ") == text
