"""Derived columns made anew: a fixed point on rows of today's code, and a repair of rows of older code."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clickstream import enrichment
from clickstream.enrichment import channels
from clickstream.intake.rows import read
from clickstream.lake.parquet import PartWriter, conformed, opened, row_groups
from clickstream.lake.refreshing import COLUMNS, refreshed
from clickstream.tables import RAW_EVENTS
from tests.simulation.records import SOURCE, record

HOSTS = ["shop.example", "www.google.com", "t.co", "m.facebook.com", "news.example", "youtube.com", "mail.example"]
QUERIES = [
    "", "gclid=1", "fbclid=1", "utm_source=google&utm_medium=cpc", "utm_source=google&gclid=x", "xclid=7", "utm_id=3",
    "utm_medium=email", "utm_campaign=eshop", "utm_source=tiktok&ttclid=1", "q=secret", "utm_term=a", "page=2",
    "utm_source=who%40mail.example", "msclkid=1&utm_id=2", "utm_medium=sms&li_fat_id=2",
]  # fmt: skip
AGENTS = [
    None, "", "curl/8.0", "Googlebot/2.1 (+http://www.google.com/bot.html)", "okhttp/4",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E1 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
]  # fmt: skip
ADDRESSES = st.one_of(
    st.none(),
    st.builds("https://{}/a/{}?{}".format, st.sampled_from(HOSTS), st.integers(0, 3), st.sampled_from(QUERIES)),
    st.text(max_size=20),
)
EVENTS = st.fixed_dictionaries({"page_url": ADDRESSES, "referrer": ADDRESSES, "user_agent": st.sampled_from(AGENTS)})


def lake_rows(events: Iterable[dict[str, Any]]) -> pa.Table:
    """The rows that the stream makes of the events."""
    payloads = [msgspec.json.encode({"event_type": "page_view", "event_id": str(n)} | e) for n, e in enumerate(events)]
    rows = read([record(payload, number) for number, payload in enumerate(payloads)], SOURCE, None)
    names = RAW_EVENTS.schema.names
    columns = [dict(zip(names, row, strict=True)) for row in rows.good]
    return pa.Table.from_pylist(columns, schema=RAW_EVENTS.schema)


def made_anew(table: pa.Table, folder: Path) -> list[dict[str, Any]]:
    """What a replay makes of the rows."""
    with PartWriter(folder) as writer:
        writer.add(conformed(table, "test"))
    return plain(refreshed(writer, folder))


def plain(output: PartWriter) -> list[dict[str, Any]]:
    """The rows of an output, by id."""
    found = [row for path in output.parts for group in row_groups(opened("test", path)) for row in group.to_pylist()]
    return sorted(found, key=lambda row: int(row["event_id"]))


@settings(max_examples=30, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=30))
def test_rows_of_todays_code_stay_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]
) -> None:
    """Whatever was removed from the addresses: no column of any row changes."""
    table = lake_rows(events)
    assert made_anew(table, tmp_path_factory.mktemp("rows")) == table.to_pylist()


def test_rows_of_older_code_are_repaired(tmp_path: Path) -> None:
    """Every derived column that was wrong is right again; nothing else is touched."""
    events = [{"page_url": "https://shop.example/a", "referrer": "https://news.example/", "user_agent": AGENTS[5]}]
    table = lake_rows(events)
    wrong = table
    for name in COLUMNS:
        kind = table.schema.field(name).type
        value = True if pa.types.is_boolean(kind) else "wrong"
        wrong = wrong.set_column(wrong.schema.get_field_index(name), name, pa.array([value], kind))
    assert made_anew(wrong, tmp_path) == table.to_pylist()


def test_a_new_rule_for_channels_is_seen(tmp_path: Path) -> None:
    """A channel that a campaign decides follows the rules of today; a paid one stands."""
    events = [{"page_url": f"https://shop.example/?{query}"} for query in ("utm_medium=fax", "gclid=1")]
    table = lake_rows(events)
    assert table["channel"].to_pylist() == ["unassigned", "paid_search"]
    rules = (("fax", lambda visit: visit.medium == "fax"), *channels._RULES)
    with patch.object(channels, "_RULES", rules), patch.object(enrichment, "channel", uncached):
        assert [row["channel"] for row in made_anew(table, tmp_path)] == ["fax", "paid_search"]


def uncached(*words: Any) -> str:
    """The channel, without what was remembered under other rules."""
    return channels.channel.__wrapped__(*words)
