"""What an idle month costs: everything with a price is in it, and pages say what is computed."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import cost_idle, cost_month, prices
from cdk.checks import ENVIRONMENTS, EVERYTHING
from clickstream import metrics

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "aws.md").read_text()
Template = dict[str, Any]
HOURS = prices.HOURS_PER_MONTH


@pytest.fixture
def production(templates: dict[str, Template]) -> dict[str, float]:
    """Dollars by part."""
    return cost_idle.by_part(templates["production"])


def test_every_type_has_a_price(template_of: Callable[..., Template]) -> None:
    """With every option on, each type of the template is priced, or listed with why it costs nothing while idle."""
    kinds = {resource["Type"] for resource in template_of(**EVERYTHING)["Resources"].values()}
    assert kinds - cost_idle.PRICED.keys() - cost_idle.BY_USE.keys() == set()
    assert cost_idle.PRICED.keys() & cost_idle.BY_USE.keys() == set()


def test_a_type_without_a_price_is_refused(templates: dict[str, Template]) -> None:
    """Nothing new is taken for free."""
    resources = {**templates["dev"]["Resources"], "New": {"Type": "AWS::RDS::DBInstance", "Properties": {}}}
    with pytest.raises(KeyError, match="no price is known of AWS::RDS::DBInstance"):
        cost_idle.lines({"Resources": resources})


def test_the_parts(production: dict[str, float], templates: dict[str, Template]) -> None:
    """Shards by the hour, alarms by their number, 24 runs a day and one, each a minute of two workers."""
    alarms = [one for one in templates["production"]["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert production["stream"] == pytest.approx(2 * 0.015 * HOURS)
    assert production["stream, retention beyond a day"] == pytest.approx(2 * 0.020 * HOURS)
    assert production["batch job"] == pytest.approx((24 + 1) * HOURS / 24 * 2 / 60 * 0.44)
    assert production["alarms"] == pytest.approx(len(alarms) * 0.10)
    assert production["watch over the traffic"] < 0.2


def test_options_cost_what_they_add(templates: dict[str, Template], template_of: Callable[..., Template]) -> None:
    """Endpoints in each zone, a web ACL with its rules, a stream on demand; and a key only where there is one."""
    found = cost_idle.by_part(template_of(**EVERYTHING))
    assert found["network endpoints"] == pytest.approx(3 * 2 * 0.01 * HOURS)
    assert found["firewall"] == 5 + 4
    assert found["stream"] == pytest.approx(0.04 * HOURS)
    assert found["key"] == 1
    assert "key" not in cost_idle.by_part(templates["dev"])


def test_metrics_are_those_that_are_watched(template: Template) -> None:
    """Each metric of the batch that has an alarm is in the list of those that are paid for."""
    watched = {
        one["Properties"]["MetricName"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::CloudWatch::Alarm"
        and metrics.LEDGER in {each["Name"] for each in one["Properties"].get("Dimensions", ())}
    }
    assert watched
    assert watched <= set(cost_idle.JOB_METRICS)


@pytest.mark.parametrize(
    ("expression", "state", "calls"),
    [
        ("rate(1 minute)", "ENABLED", 43_800),
        ("cron(10 * * * ? *)", "ENABLED", 730),
        ("cron(40 2 * * ? *)", "ENABLED", 30),
        ("rate(1 minute)", "DISABLED", 0),
    ],
)
def test_how_often_a_schedule_calls(expression: str, state: str, calls: int) -> None:
    """By its expression; one that is off never does."""
    found = cost_idle.calls_per_month({"State": state, "ScheduleExpression": expression})
    assert found == pytest.approx(calls, abs=0.5)


@pytest.mark.parametrize("expression", ["cron(0 0 1 * ? *)", "cron(0 */2 * * ? *)"])
def test_a_schedule_of_another_kind_is_refused(expression: str) -> None:
    """It is not taken for one of those that are known."""
    with pytest.raises(ValueError, match="how often is that in a month"):
        cost_idle.calls_per_month({"State": "ENABLED", "ScheduleExpression": expression})


def test_the_page_says_what_is_computed(templates: dict[str, Template]) -> None:
    """The table of the page is that of `make cost`, to the cent."""
    idle = {name: cost_idle.by_part(templates[name]) for name in ENVIRONMENTS}
    wanted = cost_month.markdown(idle)
    assert wanted in PAGE, f"docs/aws.md must hold\n{wanted}"


def test_what_lowers_and_raises_it(templates: dict[str, Template], template_of: Callable[..., Template]) -> None:
    """The differences that the page names are those of the templates."""
    dev = sum(cost_idle.by_part(templates["dev"]).values())
    named = re.findall(r"`-c (\w+)=([\w-]+)`\s(?:saves|costs)\s\$([0-9.]+)", PAGE)
    assert {key for key, _, _ in named} >= {"streamShardCount", "streamMode", "collector"}
    for key, value, dollars in named:
        changed = sum(cost_idle.by_part(template_of(environment="dev", **{key: value})).values())
        assert abs(dev - changed) == pytest.approx(float(dollars), abs=0.005), (key, value)


def test_the_readme_says_about_as_much(production: dict[str, float]) -> None:
    """Its whole dollars are those of production."""
    (said,) = re.findall(r"Idle, a stack costs about \$(\d+) a month", (ROOT / "README.md").read_text())
    assert int(said) == round(sum(production.values()))


def test_a_wrong_key_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """As with `cdk deploy`."""
    assert cost_month.main(["-c", "enviroment=dev"]) == 2
    assert capsys.readouterr().err.startswith("cost: unknown context key enviroment")


def test_what_the_watch_writes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The metrics that are counted for it are those of its line."""
    import detect_traffic_anomalies as watch
    from clickstream.detection.watching import TrafficRun

    nothing = TrafficRun(series=0, minutes=1, anomalies=0, alerts=0, alerts_failed=0, problem="")
    monkeypatch.setattr(watch, "detector", lambda: type("Quiet", (), {"detect": lambda _: nothing})())
    watch.handler({}, None)
    written = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    assert tuple(one["Name"] for one in written) == cost_idle.WATCH_METRICS
