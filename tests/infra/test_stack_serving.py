"""What `-c serving=on` adds: named queries for analysts."""

from collections.abc import Callable
from typing import Any

import pytest

from batch_jobs.reports.column_meanings import MEANINGS, OF_REPORT
from batch_jobs.reports.report_list import REPORTS
from cdk.named_queries import DESCRIPTION_LIMIT, statements
from cdk.options import read_config
from clickstream.errors import ConfigError

Template = dict[str, Any]
OfType = Callable[[Template, str], list[dict[str, Any]]]


@pytest.fixture
def serving(template_of: Callable[..., Template]) -> Template:
    """Production with all of it but QuickSight."""
    return template_of(environment="production", serving="on")


def test_nothing_of_it_unless_asked(template_of: Callable[..., Template], serving: Template) -> None:
    """Serving only adds: what is there without it is the same with it."""
    without = template_of(environment="production")["Resources"]
    assert {name: serving["Resources"].get(name) for name in without} == without
    added = serving["Resources"].keys() - without.keys()
    assert all(name.startswith("Serving") for name in added)


def test_the_emulator_is_not_served() -> None:
    """It would refuse the whole stack; so the configuration does, in a sentence."""
    with pytest.raises(ConfigError, match="serving=on is for AWS"):
        read_config({"environment": "local", "serving": "on"})


def test_named_queries(serving: Template, of_type: OfType) -> None:
    """Each statement is there once, in the workgroup that limits it, with its contract as description."""
    queries = {query["Name"]: query for query in of_type(serving, "Athena::NamedQuery")}
    found = dict(statements())
    assert queries.keys() == found.keys()
    for name, query in queries.items():
        assert (query["Database"], query["WorkGroup"]) == ("clickstream_production", "clickstream-production")
        assert found[name].meaning in query["Description"]
        assert len(query["Description"]) <= DESCRIPTION_LIMIT


def test_no_meaning_of_a_column_is_idle() -> None:
    """What is described is a column of a report, so that no description outlives it."""
    columns = {(report.name, column.name) for report in REPORTS for column in report.table.columns}
    assert OF_REPORT.keys() <= columns
    assert MEANINGS.keys() == {name for report, name in columns if (report, name) not in OF_REPORT}
