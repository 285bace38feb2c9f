"""What enrichment leaves in a row: consent, redaction, channel and country."""

import json
from typing import Any

import pytest

from clickstream.intake.rows import Row, read
from clickstream.tables import RAW_EVENTS
from tests.simulation.records import SOURCE, encoded, record

PERSON = {"session_id": "s", "user_id": "u", "anonymous_id": "a", "ip_address": "81.2.69.160"}
COUNTRIES = {"81.2.69.160": "GB"}


def rows_of(*events: dict[str, Any], has_countries: bool = False) -> list[dict[str, Any]]:
    """The rows of these events by column name."""
    found = read(
        [record(encoded(**event), n) for n, event in enumerate(events, 1)], SOURCE, None, _countries(has_countries)
    )
    assert not found.bad
    return [_by_name(row) for row in found.good]


def _countries(has_countries: bool) -> Any:
    return (lambda address: COUNTRIES.get(address or "")) if has_countries else None


def _by_name(row: Row) -> dict[str, Any]:
    return dict(zip(RAW_EVENTS.schema.names, row, strict=True))


@pytest.mark.parametrize(
    ("signals", "consent", "kept"),
    [
        ({}, None, None),
        ({"consent": True}, True, None),
        ({"consent": "no"}, False, None),
        ({"consent": "perhaps"}, None, {"consent": "perhaps"}),
        ({"gpc": "1"}, False, {"gpc": "1"}),
        ({"dnt": 1}, False, {"dnt": 1}),
        ({"gpc": False, "dnt": 0}, None, {"gpc": False, "dnt": 0}),
        ({"consent": True, "gpc": True}, False, {"consent": True, "gpc": True}),
        ({"consent": False, "dnt": True}, False, {"dnt": True}),
        ({"consent": True, "dnt": "0", "properties": {"dnt": "x"}}, True, {"dnt": "x", "event.dnt": "0"}),
    ],
)
def test_signals_of_consent(signals: dict[str, Any], consent: bool | None, kept: dict[str, Any] | None) -> None:
    """Any refusal is one, and says so; what the answer does not tell of the signals stays as it was sent."""
    silent, row = rows_of({}, {**PERSON, **signals})
    assert (row["consent"], row["properties"] and json.loads(row["properties"])) == (consent, kept)
    assert (row["session_id"] is None) == (consent is False)
    assert (silent["consent"], silent["properties"]) == (None, None)


CANARY, CARD = "joe.canary@mail.example", "4111 1111 1111 1111"
PERSONAL = {
    "page_url": f"https://joe:pw@a.example/u/{CANARY}/{CARD}?utm_campaign={CANARY}&email={CANARY}&page={CARD}",
    "referrer": f"https://b.example/{CANARY.replace('@', '%40')}?q={CANARY}",
    "page_title": f"Mail to {CANARY}",
    "search_term": f"{CANARY} {CARD}",
    "signed_by": CANARY,
    "properties": {"note": f'say "{CANARY}"', "tried": [{CARD: 1}], "forms": {CANARY: CARD.replace(" ", "")}},
}


def test_no_personal_data_survives_in_kept_text() -> None:
    """Addresses and card numbers are gone from every column but the fields around them stay."""
    (row,) = rows_of(PERSONAL)
    assert not [name for name, value in row.items() if "canary" in str(value) or "1111" in str(value).replace(" ", "")]
    assert (row["page_path"], row["page_title"], row["search_term"], row["utm_campaign"]) == (
        "/u/(email)/(card)",
        "Mail to (email)",
        "(email) (card)",
        "(email)",
    )
    assert json.loads(row["properties"]) == {
        "note": 'say "(email)"',
        "tried": [{"(card)": 1}],
        "forms": {"(email)": "(card)"},
        "signed_by": "(email)",
    }


def test_properties_keep_what_names_nobody() -> None:
    """Every member and all numbers stay, also where two names become one, and beside what names somebody."""
    kept = {"at": 1795946426000, "number": 4111111111111111, "share": "50 %", "path": ["/a%20b", None, True, 1.5]}
    doubled = {"joe@a.example": 1, "ann@b.example": 2, "(email)''": 3}
    rows = rows_of({"properties": kept}, {"properties": doubled}, {"properties": {}})
    found = [row["properties"] and json.loads(row["properties"]) for row in rows]
    assert found == [kept, {"(email)": 1, "(email)'": 2, "(email)''": 3}, None]


def test_what_was_cleaned_comes_out_equal_again() -> None:
    """A row's own texts, sent again, are kept as they are."""
    (row,) = rows_of(PERSONAL)
    names = ("page_url", "referrer", "page_title", "search_term")
    (again,) = rows_of({name: row[name] for name in names})
    assert [again[name] for name in names] == [row[name] for name in names]


def test_the_channel_sees_the_whole_campaign() -> None:
    """Campaign, other tags and the mark of a paid click count, though the mark itself is not kept."""
    tagged = rows_of(
        {"page_url": "https://a.example/?gclid=canary"},
        {"page_url": "https://a.example/?utm_campaign=shopping"},
        {"page_url": "https://a.example/?utm_content=x"},
        {"page_url": "https://a.example/x", "referrer": "https://www.a.example/"},
    )
    assert [row["channel"] for row in tagged] == ["paid_search", "organic_shopping", "unassigned", "internal"]
    assert "canary" not in str(tagged)


def test_the_country_is_said_or_found() -> None:
    """The producer's word wins; else the whole address tells it, unless the person refused."""
    events: tuple[dict[str, Any], ...] = (
        {**PERSON},
        {**PERSON, "country": "DE"},
        {**PERSON, "gpc": True},
        {"ip_address": "10.0.0.1"},
        {},
    )
    assert [row["country"] for row in rows_of(*events, has_countries=True)] == ["GB", "DE", None, None, None]
    assert [row["country"] for row in rows_of(*events)] == [None, "DE", None, None, None]
    assert rows_of(PERSON, has_countries=True)[0]["ip_address"] == "81.2.69.0"
