"""The identities that account for every event."""

from dataclasses import replace

from batch_jobs.summarize import Summary, _table

AGREED = Summary(
    sent=10, received=10, landed=9, bad=1, imported=3, duplicates=1, quarantined=1, erased=2, redelivered=1,
    counters={"click": 9}, sessions=1, anomalies=0, anomalies_by_rule={}, raw_events_rows=7, received_hours=1,
    reports=[], bytes_scanned=0,
)  # fmt: skip


def test_every_kind_of_absent_row_is_a_term() -> None:
    """Erased and redelivered rows are missing from the lake as duplicates and quarantined ones are."""
    assert AGREED.disagreements() == []
    without = (
        replace(AGREED, duplicates=0), replace(AGREED, quarantined=0), replace(AGREED, erased=0),
        replace(AGREED, redelivered=0),
    )  # fmt: skip
    for summary in without:
        (sentence,) = summary.disagreements()
        assert sentence.startswith(
            "raw_events_rows = landed + imported - duplicates - quarantined - erased - redelivered does not"
        )


def test_unsent_numbers_are_not_compared() -> None:
    """Without a sender that counted, the stream's own count stands; with one, a lost event is named."""
    assert replace(AGREED, sent=None).disagreements() == []
    assert replace(AGREED, sent=11).disagreements() == ["sent = received does not hold: 11 and 10"]


def test_a_rule_that_found_nothing_has_no_precision() -> None:
    """The table of a quiet day says so, and shows the others' ratios."""
    scores = {"click_rate": {"precision": None, "recall": None}, "replayed_ids": {"precision": 1.0, "recall": 0.5}}
    table = _table(replace(AGREED, detection={"rules": scores}))
    cells = list(table.columns[1].cells)
    assert "precision -, recall -" in cells
    assert "precision 1.000, recall 0.500" in cells
