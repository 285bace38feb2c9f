"""Events that the collector could not take, on their way through the stream to `bad_events`."""

from datetime import UTC, datetime

import pytest

from clickstream.intake.events import parse
from clickstream.intake.kinesis import Record
from clickstream.intake.marks import MARK, marked, rejection_in
from clickstream.intake.reasons import OF_THE_COLLECTOR, Reason, Rejected
from clickstream.intake.rows import Row, Source, read
from clickstream.stream.reparsing import accepted
from clickstream.tables import BAD_EVENTS

SOURCE = Source("1790000000", "shardId-0")
ARRIVAL = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
REASON, DETAIL, PAYLOAD = (BAD_EVENTS.schema.names.index(name) for name in ("reason", "detail", "payload"))
EVENT = b'{"event_type": "click", "x": "a\tb"}'


def bad_row(data: bytes) -> Row:
    """The one bad row of a record."""
    found = read([Record("7", "7".zfill(130), ARRIVAL, data)], SOURCE, None)
    assert not found.good
    return found.bad[0]


@pytest.mark.parametrize("reason", sorted(OF_THE_COLLECTOR))
def test_a_marked_event_is_a_bad_one_with_the_payload_as_it_was_sent(reason: Reason) -> None:
    """Reason code, sentence and bytes arrive; tabs of the payload too."""
    row = bad_row(marked(reason, "what is wrong,\tin a sentence", EVENT))
    assert (row[REASON], row[DETAIL], row[PAYLOAD]) == (reason.value, "what is wrong, in a sentence", EVENT)


def test_an_event_too_long_for_the_parser_is_kept_whole() -> None:
    """The mark counts before the size does, and only the event's own bytes are kept."""
    long = b'{"a":"%s"}' % (b"x" * 400_000)
    assert bad_row(marked(Reason.OVER_LIMIT, "too long", long))[PAYLOAD] == long


@pytest.mark.parametrize(
    "forged", [MARK, MARK + b"no_such_reason\td\tp", MARK + b"empty_record\td\tp", MARK + b"over_limit\tno payload"]
)
def test_what_only_looks_marked_is_no_json(forged: bytes) -> None:
    """Nobody can invent a reason, or have a payload opened again as a packed record."""
    assert rejection_in(forged) is None
    with pytest.raises(Rejected, match="not_json"):
        parse(forged)


def test_only_what_the_parser_judged_is_parsed_again() -> None:
    """A flat event that was bad in itself may be good for newer code; one in a tracker's own format may not."""
    event = b'{"event_type": "click"}'
    rows = [bad_row(marked(reason, "d", event)) for reason in (Reason.CHECKSUM_MISMATCH, Reason.DUPLICATE_KEY)]
    taken = accepted(rows, range(2), SOURCE, lambda records, source: read(records, source, None))
    assert taken.numbers == (1,)
