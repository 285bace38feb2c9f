"""Context keys: what is accepted, and what a person is told otherwise."""

import re
from pathlib import Path

import pytest

from cdk.app import main
from cdk.config import LEAST_MEMORY_MB, Config
from cdk.options import OPTIONS, read_config
from clickstream.errors import ConfigError

NEEDED: dict[str, dict[str, str]] = {
    "notebookInstance": {"serving": "on"},
    "quicksightPrincipal": {"serving": "on"},
}
"""Keys without which others have no meaning."""


def test_defaults() -> None:
    """Without context, a dev stack with two shards and thirty days of live metrics is configured."""
    config = read_config({})
    assert config == Config()
    assert (config.prefix, config.stream_shard_count, config.data_retention_days) == ("clickstream-dev", 2, 30)
    assert config.memory_mb == LEAST_MEMORY_MB


@pytest.mark.parametrize("value", ["4", 4])
def test_numbers_come_as_text_or_number(value: object) -> None:
    """The command line gives text and cdk.json numbers; both are read."""
    assert read_config({"streamShardCount": value}).stream_shard_count == 4


def test_each_key_sets_its_field(tmp_path: Path) -> None:
    """Every key of the list is readable and changes the configuration."""
    database = tmp_path / "country.mmdb"
    database.touch()
    other = {
        "environment": "local",
        "streamShardCount": 3,
        "streamMode": "on-demand",
        "lambdaMemorySize": 3008,
        "dataRetentionDays": 7,
        "alertEmail": "team@example.com",
        "batchWindowSeconds": 0,
        "athenaScanLimitGigabytes": 1,
        "landingRetentionDays": 3,
        "rawEventsRetentionDays": 400,
        "sessionsRetentionDays": 90,
        "badEventsRetentionDays": 30,
        "quarantineRetentionDays": 180,
        "reportRetentionDays": 730,
        "reportSuppressBelow": 10,
        "queryResultRetentionDays": 1,
        "sessionGapMinutes": 45,
        "sessionCuts": "midnight,campaign",
        "maskedTables": "off",
        "badEventsAlarmPercent": 20,
        "fileShape": '{"codec":"snappy"}',
        "glueWorkers": 20,
        "compactionWorkers": "plain",
        "geoipFile": str(database),
        "customerKey": "on",
        "vpc": "on",
        "monthlyBudgetDollars": 200,
        "budgetScope": "stack",
        "analystPrincipal": "arn:aws:iam::111122223333:role/analysts",
        "scientistPrincipal": "arn:aws:iam::111122223333:user/people/ada@example.com",
        "onCallPrincipal": "arn:aws-cn:iam::111122223333:root",
        "recoveryPrincipal": "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Repair_0a1b",
        "serving": "on",
        "quicksightPrincipal": "arn:aws:quicksight:us-east-1:123456789012:group/default/analysts",
        "notebookInstance": "ml.t3.medium",
        "collector": "rest-api",
        "collectorOrigins": "https://shop.example,http://localhost:8080",
        "writeKeys": '{"k1":"shop"}',
        "collectorEventsPerMinute": 2_000,
        "collectorRequestsPerSecond": 50,
        "collectorRequestsPerAddress": 100,
        "collectorConcurrency": 10,
        "silentStreamAlarmMinutes": 0,
        "faultInjection": "on",
    }
    assert other.keys() == OPTIONS.keys()
    for key, value in other.items():
        assert getattr(read_config({**NEEDED.get(key, {}), key: value}), OPTIONS[key].field) == value


@pytest.mark.parametrize("value", [{"codec": "snappy"}, '{"codec": "snappy", "rows_per_group": 500000}'])
def test_a_file_shape_comes_as_text_or_object(value: object) -> None:
    """The command line gives text and cdk.json an object; only what is not as measured remains."""
    assert read_config({"fileShape": value}).file_shape == '{"codec":"snappy"}'


@pytest.mark.parametrize(("asked", "given"), [(128, LEAST_MEMORY_MB), (256, LEAST_MEMORY_MB), (3008, 3008)])
def test_memory_has_a_floor(asked: int, given: int) -> None:
    """Less memory than a full batch needs is raised, more is taken as it is."""
    assert read_config({"lambdaMemorySize": asked}).memory_mb == given


@pytest.mark.parametrize(
    ("environment", "has_key"), [("dev", False), ("local", False), ("staging", True), ("production", True)]
)
def test_who_holds_the_key(environment: str, *, has_key: bool) -> None:
    """The account does where data outlives the stack, and everywhere else if it is said."""
    assert read_config({"environment": environment}).has_customer_key is has_key
    assert read_config({"environment": environment, "customerKey": "on"}).has_customer_key
    assert not read_config({"environment": environment, "customerKey": "off"}).has_customer_key


@pytest.mark.parametrize(
    "key", ["@aws-cdk/core:newStyleStackSynthesis", "aws:cdk:enable-path-metadata", "cli-telemetry"]
)
def test_keys_of_cdk_are_passed_over(key: str) -> None:
    """What the CDK command line puts into the context is not ours to judge."""
    assert read_config({key: True}) == Config()


def test_unknown_key() -> None:
    """A misspelt key is refused, and the known ones are listed."""
    with pytest.raises(ConfigError, match=r"unknown context key enviroment; known are environment, streamShardCount, "):
        read_config({"enviroment": "production"})


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("environment", "prod", "environment=prod: one of dev, staging, production, local is needed"),
        ("streamShardCount", "0", "streamShardCount=0: a whole number from 1 to 500 is needed"),
        ("streamShardCount", "two", "streamShardCount=two: a whole number"),
        ("streamShardCount", "²", "streamShardCount=²: a whole number"),
        ("streamShardCount", "-1", "streamShardCount=-1: a whole number"),
        ("lambdaMemorySize", "64", "lambdaMemorySize=64: a whole number from 128 to 10,240 is needed"),
        ("lambdaMemorySize", "3000", "lambdaMemorySize=3000: a multiple of 64 is needed, for example 2944"),
        ("dataRetentionDays", "", "dataRetentionDays=: a whole number"),
        ("rawEventsRetentionDays", "2", "rawEventsRetentionDays=2: 0, for all, or a whole number from 3 to 36,500"),
        ("sessionsRetentionDays", "1", "sessionsRetentionDays=1: 0, for all, or a whole number from 2 "),
        ("reportRetentionDays", "1", "reportRetentionDays=1: 0, for all, or a whole number from 2 "),
        ("alertEmail", "nobody", "alertEmail=nobody: an e-mail address"),
        (
            "geoipFile",
            "/nowhere.mmdb",
            "geoipFile=/nowhere.mmdb: a country database such as GeoLite2-Country.mmdb is needed",
        ),
        ("customerKey", "yes", "customerKey=yes: one of on, off is needed"),
        ("notebookInstance", "t3.medium", "notebookInstance=t3.medium: a type such as ml.t3.medium is needed, or off"),
        ("notebookInstance", "ml.t3.medium", "notebookInstance needs serving=on"),
        *(
            ("analystPrincipal", value, re.escape(f"analystPrincipal={value}: the ARN of a role, a user or an account"))
            for value in ("*", "111122223333", "arn:aws:iam::*:root", "arn:aws:iam::111122223333:role/*")
        ),
        ("onCallPrincipal", "arn:aws:sts::111122223333:assumed-role/a/b", "onCallPrincipal=.*: the ARN of a role"),
        ("streamMode", True, "streamMode=True: one of provisioned, on-demand is needed"),
    ],
)
def test_wrong_value(key: str, value: object, message: str) -> None:
    """A wrong value is answered with one sentence that names key, value and what is allowed."""
    with pytest.raises(ConfigError, match="^" + message):
        read_config({key: value})


def test_shards_of_an_on_demand_stream() -> None:
    """A number of shards for a stream that has none is a contradiction."""
    with pytest.raises(ConfigError, match="streamShardCount has no meaning"):
        read_config({"streamMode": "on-demand", "streamShardCount": 2})


def test_sessions_cannot_outlive_their_events() -> None:
    """They could not be built again, after an erasure for example; the same days, or no limit of events, are well."""
    with pytest.raises(ConfigError, match="sessionsRetentionDays is more than rawEventsRetentionDays"):
        read_config({"sessionsRetentionDays": 31, "rawEventsRetentionDays": 30})
    assert read_config({"sessionsRetentionDays": 30, "rawEventsRetentionDays": 30}).sessions_days == 30
    assert read_config({"sessionsRetentionDays": 31}).sessions_days == 31


def test_app_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    """The app ends with exit code 2 and one sentence instead of a traceback."""
    assert main({"enviroment": "dev"}) == 2
    assert capsys.readouterr().err.startswith("clickstream: unknown context key enviroment; known are ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("collector", "alb"),
        ("collectorOrigins", "shop.example"),
        ("collectorOrigins", "https://shop.example/"),
        ("collectorOrigins", ""),
        ("writeKeys", '["k"]'),
        ("collectorEventsPerMinute", "100"),
    ],
)
def test_wrong_keys_of_the_collector(key: str, value: str) -> None:
    """The message names the key and says what is needed; a limit must let the largest request through."""
    with pytest.raises(ConfigError, match=key):
        read_config({key: value})
