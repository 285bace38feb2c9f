"""The tables of the lake, spelled once: Arrow schema for the writers, Glue columns for the catalog, text for the docs.

All instants are UTC with microseconds. Only nullable columns are ever added, and only at the end.
"""

from datetime import datetime

import pyarrow as pa

from clickstream.lake_table import INSTANT, TEXT, Column, LakeTable

_POSITION = (
    Column("epoch", TEXT, "creation time of the stream, epoch seconds; part of the event's position"),
    Column("shard_id", TEXT, "shard of the stream, or `import`"),
    Column("sequence_number", TEXT, "sequence number of the Kinesis record, zero-padded to 130 digits"),
    Column("sub_sequence", pa.int32(), "index of the event within its record, from 0"),
)

RAW_EVENTS = LakeTable(
    name="raw_events",
    grain="one row per event_id",
    columns=(
        Column("event_id", TEXT, "producer's id, or a hash of the raw bytes; never null"),
        Column("app_id", TEXT, "which site or app"),
        Column("event_type", TEXT, "page_view, click, search, view_item, add_to_cart, begin_checkout, purchase, …"),
        Column("schema_version", TEXT, "version of the producer's event format"),
        Column("event_time", INSTANT, "when it happened, by the producer's clock unless time_source says otherwise"),
        Column("received_time", INSTANT, "when the stream took it (ApproximateArrivalTimestamp)"),
        Column("sent_time", INSTANT, "when the producer sent it"),
        Column("time_source", TEXT, "`event`, or `received` where the event's own time was missing or in the future"),
        Column("session_id", TEXT, "the producer's session"),
        Column("user_id", TEXT, "signed-in user; a keyed pseudonym where key_id is set"),
        Column("anonymous_id", TEXT, "device or browser id"),
        Column("page_url", TEXT, "address of the page in canonical form, query reduced to the allow-list"),
        Column("page_path", TEXT, "path of page_url"),
        Column("page_title", TEXT, "title of the page"),
        Column("referrer", TEXT, "referring address, query reduced to the allow-list"),
        Column("referrer_host", TEXT, "host of referrer, lower case, without www."),
        Column("channel", TEXT, "where the visit came from: direct, organic_search, paid_social, internal, …"),
        Column("utm_source", TEXT, "campaign source of page_url"),
        Column("utm_medium", TEXT, "campaign medium of page_url"),
        Column("utm_campaign", TEXT, "campaign name of page_url"),
        Column("user_agent", TEXT, "as sent"),
        Column("device_type", TEXT, "desktop, mobile, tablet, bot or unknown"),
        Column("browser", TEXT, "browser family"),
        Column("os", TEXT, "operating system family"),
        Column("is_bot", pa.bool_(), "the user agent declares or betrays a machine"),
        Column("bot_reason", TEXT, "`crawler`, `no_agent`, `library` or `headless`; null for people"),
        Column(
            "country",
            TEXT,
            "ISO 3166 code: what the producer says, else the country of the address where a country file is set",
        ),
        Column("ip_address", TEXT, "network of the sender: /24 of IPv4, /48 of IPv6"),
        Column("order_id", TEXT, "order of a purchase"),
        Column("revenue", pa.decimal128(18, 2), "value of the order in currency"),
        Column("currency", TEXT, "ISO 4217 code"),
        Column("product_id", TEXT, "product viewed or bought"),
        Column("quantity", pa.int64(), "pieces"),
        Column("search_term", TEXT, "what was searched for"),
        Column(
            "consent", pa.bool_(), "false: refused by consent, gpc or dnt, identifiers were removed; null: not stated"
        ),
        Column("key_id", TEXT, "which key made the pseudonym in user_id"),
        Column("properties", TEXT, "JSON object of everything else that was sent"),
        *_POSITION,
    ),
)

BAD_EVENTS = LakeTable(
    name="bad_events",
    grain="one row per event that could not be accepted",
    columns=(
        Column("reason", TEXT, "reason code, see `clickstream.intake.reasons.Reason`"),
        Column("detail", TEXT, "one sentence for a person"),
        Column("payload", pa.binary(), "the bytes as received"),
        Column("received_time", INSTANT, "when the stream took it"),
        *_POSITION,
    ),
)

SESSIONS = LakeTable(
    name="sessions",
    grain="one row per session: what one person did in one app without a long pause",
    columns=(
        Column("session_id", TEXT, "derived from the first event; the same in every rebuild while that is the first"),
        Column("app_id", TEXT, "which site or app"),
        Column("visitor_id", TEXT, "anonymous_id, else user_id, else the producer's session: who is counted once"),
        Column("anonymous_id", TEXT, "device or browser id"),
        Column("user_id", TEXT, "signed-in user, the last one stated; a keyed pseudonym where a key is configured"),
        Column("producer_session_id", TEXT, "the first session_id that the producer stated"),
        Column("producer_sessions", pa.int64(), "different session_ids that the producer stated"),
        Column("start_time", INSTANT, "event_time of the first event"),
        Column("end_time", INSTANT, "event_time of the last event"),
        Column("duration_s", pa.int64(), "whole seconds from first to last event; 0 for a single event"),
        Column("events", pa.int64(), "events in the session"),
        Column("page_views", pa.int64(), "events of type page_view"),
        Column("pages", pa.int64(), "different page paths"),
        Column("entry_page", TEXT, "first page_path"),
        Column("exit_page", TEXT, "last page_path"),
        Column("channel", TEXT, "channel of the first event; `unknown` where it has none"),
        Column("utm_source", TEXT, "campaign source of the first event that states a campaign"),
        Column("utm_medium", TEXT, "campaign medium of that event"),
        Column("utm_campaign", TEXT, "campaign name of that event"),
        Column("device_type", TEXT, "device_type of the first event; `unknown` where it has none"),
        Column("country", TEXT, "first country stated"),
        Column("is_bot", pa.bool_(), "events of machines make sessions of their own"),
        Column("is_bounce", pa.bool_(), "one page view or none"),
        Column("is_converted", pa.bool_(), "something was bought"),
        Column("orders", pa.int64(), "different orders; an order that is sent twice in a session counts once"),
        Column("revenue", pa.decimal128(38, 2), "sum of the orders' values; null unless all are in one currency"),
        Column("currency", TEXT, "that currency; null where none is stated"),
    ),
    partition_keys=(Column("dt", pa.date32(), "UTC date of start_time"),),
)

SESSION_SCORES = LakeTable(
    name="session_scores",
    grain="one row per session of the producer, scored by the newest model of its time; none before one is registered",
    columns=(
        Column("app_id", TEXT, "which site or app"),
        Column("session_id", TEXT, "the producer's session, as in raw_events"),
        Column("start_time", INSTANT, "event_time of its first event"),
        Column("events", pa.int64(), "events in the session"),
        Column("is_bot", pa.bool_(), "a machine, by its user agent; no feature of the model"),
        Column("score", pa.float64(), "from 0 to 1, higher for odder ones; compare only within one model_version"),
        Column("is_odd", pa.bool_(), "the score is above the limit of the model"),
        Column("model_version", pa.int64(), "version of the registered model"),
    ),
    partition_keys=(Column("dt", pa.date32(), "UTC date of start_time"),),
)

_VISITOR_KEY = Column("visitor_key", TEXT, "who is counted once; another one on every date")


def _without_people(table: LakeTable, names: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.name in names)


MASKED_EVENTS = LakeTable(
    name="masked_events",
    grain="one row per row of raw_events, without what names or describes one person",
    columns=(
        *_without_people(
            RAW_EVENTS, ("app_id", "event_type", "schema_version", "event_time", "received_time", "time_source")
        ),
        Column("session_key", TEXT, "the producer's session; another one on every date"),
        _VISITOR_KEY,
        Column("page_template", TEXT, "page_path with ids, dates and long texts replaced"),
        *_without_people(
            RAW_EVENTS,
            (
                *("referrer_host", "channel", "utm_source", "utm_medium", "utm_campaign", "device_type", "browser"),
                *("os", "is_bot", "bot_reason", "country"),
            ),
        ),
        Column("order_key", TEXT, "the order of a purchase; another one on every date"),
        *_without_people(RAW_EVENTS, ("revenue", "currency", "product_id", "quantity", "consent")),
    ),
)

MASKED_SESSIONS = LakeTable(
    name="masked_sessions",
    grain="one row per row of sessions, without what names or describes one person",
    columns=(
        Column("app_id", TEXT, "which site or app"),
        _VISITOR_KEY,
        Column("is_signed_in", pa.bool_(), "a user_id was stated"),
        *_without_people(
            SESSIONS, ("producer_sessions", "start_time", "end_time", "duration_s", "events", "page_views", "pages")
        ),
        Column("entry_template", TEXT, "entry_page with ids, dates and long texts replaced"),
        Column("exit_template", TEXT, "exit_page in the same way"),
        *_without_people(
            SESSIONS,
            (
                *("channel", "utm_source", "utm_medium", "utm_campaign", "device_type", "country", "is_bot"),
                *("is_bounce", "is_converted", "orders", "revenue", "currency"),
            ),
        ),
    ),
    partition_keys=SESSIONS.partition_keys,
)

ARRIVAL_TABLES = (RAW_EVENTS, BAD_EVENTS)
"""Their partitions are received hours, which are opened ahead of time."""
DATED_TABLES = (SESSIONS, SESSION_SCORES)
"""Their partitions are dates of sessions, made of `raw_events`."""
MASKED_START = "masked_"
MASKED_TABLES = (MASKED_EVENTS, MASKED_SESSIONS)
"""Copies for readers who may not see persons; their names begin with `MASKED_START`."""
LAKE_TABLES = (*ARRIVAL_TABLES, *DATED_TABLES, *MASKED_TABLES)

LANDING_PREFIX = "landing"
COMMITS_PREFIX = "_commits"
CONFIRMATIONS_PREFIX = "_confirmations"
SESSION_COMMITS_PREFIX = "_session_commits"
SCORE_COMMITS_PREFIX = "_score_commits"
MODELS_PREFIX = "models"
MASKING_SALTS_PREFIX = "_masking_salts"
DELTAS_PREFIX = "ledger_deltas"
QUARANTINE_PREFIX = "quarantine"
REPORTS_PREFIX = "reports"
RESULTS_PREFIX = "athena-results"
TOMBSTONES_PREFIX = "_tombstones"
IDENTITIES_PREFIX = "_identities"
PURGES_PREFIX = "_purges"
ERASURES_PREFIX = "_erasures"


def hour_text(instant: datetime) -> str:
    """The received hour of an instant, e.g. `2026-11-21T09`. The instant must be UTC."""
    return instant.strftime("%Y-%m-%dT%H")


def hour_folder(hour: str) -> str:
    """Hive folder of a received hour: `2026-11-21T09` gives `dt=2026-11-21/hour=9`; of a date `dt=2026-11-21`."""
    date, _, number = hour.partition("T")
    return f"dt={date}/hour={int(number)}" if number else f"dt={date}"
