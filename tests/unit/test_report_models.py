"""The sections of the report page about people over days, what earned purchases, paths and experiments."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from batch_jobs import number_text
from batch_jobs.lake_interval import Interval
from batch_jobs.reports import columns
from batch_jobs.reports.asking import Question, ask
from batch_jobs.reports.columns import Part
from batch_jobs.reports.page import render
from batch_jobs.reports.reach import reach
from batch_jobs.reports.report_list import REPORTS, Report
from clickstream.lake.statements import load_statement, read_statement
from tests.simulation.fake_lake import generation
from tests.unit.report_facts import DAY, ROWS, facts, met, moved, stayed, tree, variant, words
from tests.unit.test_report_asking import SQL, Reader

FEW = "n/a"
LOOKS_BACK = """-- Something.
-- grain: x
-- partitions: x
-- lookback: days
-- parameter received predicate: hours
-- parameter start timestamp: first
-- parameter end timestamp: last
-- parameter days integer = 30: days
SELECT event_id FROM raw_events WHERE :received AND event_time >= :start AND event_time < :end AND :days > 0
"""


def text(**rows: Any) -> str:
    """The page with these rows in place of others, as a person reads it."""
    return words(render(facts(rows=ROWS | rows))).replace(number_text.SPACE, " ")


def test_every_model_is_told() -> None:
    """One sentence or row of each new section, with the numbers of its rows."""
    page = text()
    for sentence in (
        "2 hours had far more or far fewer events of people than usual.",
        "21 Nov 2026, 09:00 900 100 80.0 more 21 Nov 2026, 03:00 0 80 -8.9 fewer",
        "10.0 % of 90 visitors bought.",
        "2026-11-21 90 9 10.0 % 5.0 % to 20.0 %",
        "Chance alone is unlikely to explain the difference of green from the control.",
        "25.0 % of them see no other page.",
        "The most frequent step to another page leads from / to <script>",
        "/ → end of the session 30 60.0 %",
        "brought most: 12 sessions.",
        "direct ends more ways than it begins: 0 against 4.",
        "email 5.0 2.0 2.5 0.0 0.0",
        "email 500 100 250 0 0",
        "33.3 % of the visitors had been here on a day before.",
        "Dormant 15 here the day before, not now",
        "25.0 % of 400 new visitors were here on the next day as well.",
        "Most sessions, 75.0 %, come from DE.",
        "not known 30",
        "2026-11-21 09:00 1,000 100 400 90 7",
    ):
        assert sentence in page


def test_several_days_are_columns_with_their_numbers() -> None:
    """People of each day are drawn, and can be read as a table as well."""
    rows = [met(20, "new", 9), met(21, "new", 5), met(21, "returning", 15)]
    page = text(new_returning=rows, lifecycle=[moved(20, 9, 0, 0, 0), moved(21, 5, 3, 2, 6)])
    assert "51.7 % of the visitors of a day, on average, had been here on a day before." in page
    assert "After the first day 7 visits by new or resurrected visitors stand against 6 losses." in page
    assert "2026-11-21: 5 new visitors, 15 returning visitors" in page
    assert "2026-11-21: 5 new, 3 retained, 2 resurrected, 6 dormant" in page
    assert "2026-11-21, returning 15" in page


def test_the_triangle_says_what_is_not_over() -> None:
    """A period that goes on is marked; a day without one has an empty cell; without a later day there is none."""
    rows = [stayed(20, 0, 4, 4), stayed(20, 1, 4, 1, is_complete=False), stayed(21, 0, 3, 3)]
    page = text(retention=rows)
    assert "2026-11-20 4 25.0 %* 2026-11-21 3 " in page
    assert "* that day goes on after the end of the interval" in page
    assert "new visitors were here on the next day" not in page
    assert "There is no later day yet" in text(retention=[stayed(21, 0, 3, 3)])


def test_an_experiment_needs_a_control() -> None:
    """What names itself a variant without one, the colour of a shoe, is no experiment."""
    assert "Experiment" not in text(ab_test=[variant("red", 9, 0.1, None), variant("green", 9, 0.1, None)])
    assert "Experiment" not in text(ab_test=[variant("control", 9, 0.1, None)])
    assert "No variant differs" in text(ab_test=[variant("control", 9, 0.1, None), variant("b", 9, 0.1, 1.0)])


def test_left_out_counts_break_no_section() -> None:
    """Where small counts are null, the page says n/a and no sentence is made of them."""
    kept = {"step", "variant", "period", "is_complete", "model", "channel", "currency", "moves", "move_share", "score"}
    numeric = (int, float)
    rows = {
        name: [{k: None if isinstance(v, numeric) and k not in kept else v for k, v in row.items()} for row in found]
        for name, found in ROWS.items()
        if name in {"conversion", "ab_test", "entry_exit_pages", "campaigns", "attribution", "device_geo"}
        or name in {"new_returning", "lifecycle", "retention"}
    }
    page = text(**rows)
    assert page.count(FEW) > 20
    assert "None" not in page


@pytest.mark.parametrize(("held", "verdict"), [(3, "There is too little history to judge by."), (15, "No hour was")])
def test_no_unusual_hour_is_not_no_history(held: int, verdict: str) -> None:
    """Nothing found is told apart from nothing to compare with."""
    runs = [{"name": "anomalies", "title": "Unusual hours", "days_read": 15, "days_held": held}]
    assert verdict in words(render(facts(rows=ROWS | {"anomalies": []}, runs=runs)))


def test_the_page_says_how_far_back_it_knows() -> None:
    """Who was here before can only be told as far as the lake goes back."""
    runs = [{"name": "new_returning", "title": "New and returning", "days_read": 31, "days_held": 2}]
    known = "What came before is known from 31 days up to the end of the interval"
    assert f"{known}; the lake holds sessions of 2 of them." in words(render(facts(runs=runs)))
    assert f"{known}. " in words(render(facts(runs=[runs[0] | {"days_held": 31}])))


def test_columns_are_as_high_as_their_numbers() -> None:
    """Every value is drawn to one scale, what was lost below the line, and the newest days where there are many."""
    dates = [date(2026, 1, 1) + timedelta(days=number) for number in range(200)]
    ups, downs = [float(number) for number in range(200)], [1.0] * 200
    parts = [
        Part("part-1", "come", ups),
        Part("part-2", "more", [2.0] * 200),
        Part("lost", "gone", downs, is_down=True),
    ]
    boxes = [node for node in ET.fromstring(columns.draw("x", dates, parts)).iter() if node.tag.endswith("rect")]  # noqa: S314
    heights = {
        name: [float(str(n.get("height"))) for n in boxes if n.get("class") == name] for name in ("part-1", "lost")
    }
    assert len(heights["part-1"]) == columns.MAX_COLUMNS
    scale = heights["lost"][0]
    assert heights["part-1"][-1] / scale == pytest.approx(199, rel=0.01)
    assert all(0 <= float(str(n.get("y"))) <= 1 for n in boxes)


def test_a_day_without_anybody_has_its_place() -> None:
    """The axis has every day, also one that no row is about."""
    picture = columns.draw("x", [date(2026, 11, 1), date(2026, 11, 4)], [Part("part-1", "come", [3.0, 5.0])])
    titles = [node.text for node in ET.fromstring(picture).iter() if node.tag.endswith("title")]  # noqa: S314
    assert titles[1:] == [f"2026-11-0{day}: {come} come" for day, come in ((1, 3), (2, 0), (3, 0), (4, 5))]


def test_hostile_names_stay_text_in_every_section() -> None:
    """Pages, campaigns and variants are shown and not run."""
    page = render(facts())
    assert "<script" not in page
    assert words(page).count("alert('x')") >= 5
    assert tree(page) is not None


def test_look_back_is_read_paid_and_told() -> None:
    """A statement that looks back 30 days has the budget, and the hours, of 31."""
    statement = load_statement("anomalies", LOOKS_BACK)
    day = Interval(DAY, DAY + timedelta(days=1))
    found = reach(Report("anomalies", "x", "event_id text", budget_bytes=10), statement, day)
    assert (found.about, found.days, found.budget_bytes(REPORTS[0])) == (day, 31, 31 * REPORTS[0].budget_bytes)
    assert found.read.start == DAY - timedelta(days=30)
    sessions = {"2026-11-20": 1, "2026-11-21": 1, "2026-09-01": 1}
    assert found.entry(day, sessions) == {"about_start": DAY.isoformat(), "days_read": 31, "days_held": 2}
    plain = reach(REPORTS[0], read_statement(SQL / "headline.sql"), day)
    assert plain.entry(day, sessions) == {}


def test_retention_of_a_day_is_about_two_weeks() -> None:
    """A triangle of one day would be a point; a longer interval stays as it is."""
    report = next(one for one in REPORTS if one.name == "retention")
    statement = read_statement(SQL / "retention.sql")
    end = DAY + timedelta(days=1)
    assert reach(report, statement, Interval(DAY, end)).about == Interval(end - timedelta(days=15), end)
    month = Interval(end - timedelta(days=30), end)
    assert reach(report, statement, month).about == month


def test_only_hours_of_the_look_back_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Received hours with events of the days before are named, and older ones are not."""
    read: list[str] = []

    class Hours(Reader):
        def ask(self, *question: Any) -> Any:
            read.extend(question[1])
            return super().ask(*question)

    commits = [
        generation(hour, **{f"d{hour[:10].replace('-', '_')}": 1})  # type: ignore[arg-type]  # dates
        for hour in ("2026-11-06T09", "2026-11-07T09", "2026-11-21T09", "2026-11-22T09")
    ]
    about = Question(Interval(DAY, DAY + timedelta(days=1)), commits, {}, {"time_zone": "UTC"})
    ask(Hours(1), Report("anomalies", "Unusual hours", "step bigint"), about, SQL)  # type: ignore[arg-type]  # a stand-in
    assert read == ["2026-11-07T09", "2026-11-21T09"]
    assert about.generations == {"2026-11-21T09": 1}
    assert datetime(2026, 11, 7, tzinfo=UTC) == DAY - timedelta(days=14)
