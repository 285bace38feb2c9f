"""The sections of the report page about what brought people: campaigns, and the channels that earned purchases."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from batch_jobs.number_text import SPACE, count, decimal, plural, share
from batch_jobs.reports.facts import PageFacts
from batch_jobs.reports.markup import Html
from batch_jobs.reports.parts import NO_DATA, Column, folded, heat, section, table, with_bar
from batch_jobs.reports.report_rows import Row

Credit = Mapping[str, Mapping[str, float | None]]
"""By channel and model; None where it is left out as too small."""
_SHOWN = 10
MODELS = {
    "first": "First",
    "last": "Last",
    "linear": "Linear",
    "position": "Position",
    "time_decay": "Decay",
}
"""Models of attribution, as the statement and as people name them."""
_EXPLAINED = (
    "One credit for each session with a purchase: to the first or the last session of the visitor's way there, to all"
    f" of them alike, 40{SPACE}% to each end and the rest to those between, or less the longer ago, half for"
    " every 7 days."
)


def campaigns(facts: PageFacts) -> Html:
    """What campaigns brought."""
    rows = facts.table("campaigns")
    if not rows:
        nothing = "No session states a campaign." if "campaigns" in facts.rows else NO_DATA
        return section("campaigns", "Campaigns", nothing)
    shown, most = rows[:_SHOWN], rows[0]["sessions"]
    return section(
        "campaigns",
        "Campaigns",
        f"{_name(rows[0])} brought most: {plural(most, 'session')}." if most else "Sessions that state a campaign.",
        table(
            "Sessions by the campaign of their first event that states one",
            [
                Column("Source / medium / campaign"),
                Column("Sessions"),
                Column("Visitors", is_wide_only=True),
                Column("One page or none", is_wide_only=True),
                Column("Orders"),
                Column("Conversion"),
            ],
            (
                (
                    with_bar(_name(row), (row["sessions"] or 0) / most if most else 0),
                    count(row["sessions"]),
                    count(row["visitors"]),
                    share(row["bounce_rate"]),
                    count(row["orders"]),
                    share(row["conversion_rate"]),
                )
                for row in shown
            ),
        ),
    )


def _name(row: Row) -> str:
    return " / ".join(str(row[part] or "-") for part in ("utm_source", "utm_medium", "utm_campaign"))


def attribution(facts: PageFacts) -> Html:
    """Five models side by side: which channels earned the sessions with a purchase."""
    rows = facts.table("attribution")
    if not rows:
        nothing = "There is no session with a purchase." if "attribution" in facts.rows else NO_DATA
        return section("attribution", "What earned the purchases", nothing)
    credits_ = _sums(rows, "conversions")
    currencies = sorted({str(row["currency"]) for row in rows if row["currency"] and row["revenue"]})
    money = [_revenue(rows, currency) for currency in currencies]
    reading = f"{_EXPLAINED} {_disagreement(credits_)} {facts.looked_back('attribution')}"
    numbers = _side_by_side("Sessions with a purchase, credited to channels", credits_, digits=True)
    return section("attribution", "What earned the purchases", reading, numbers, *money)


def _revenue(rows: Sequence[Row], currency: str) -> Html:
    sums = _sums([row for row in rows if row["currency"] == currency and row["revenue"] is not None], "revenue")
    return folded(f"Revenue in {currency}", _side_by_side(f"{currency} credited to channels", sums, digits=False))


def _sums(rows: Sequence[Row], column: str) -> Credit:
    """Credit by channel and model, the channel with most linear credit first; none where a count was left out."""
    found: defaultdict[str, dict[str, float | None]] = defaultdict(lambda: dict.fromkeys(MODELS, 0.0))
    for row in rows:
        models, value = found[str(row["channel"])], row[column]
        known = models[row["model"]]
        models[row["model"]] = None if known is None or value is None else known + float(value)
    return dict(sorted(found.items(), key=lambda entry: (-(entry[1]["linear"] or 0), entry[0])))


def _disagreement(credit: Credit) -> str:
    """The channel that opens ways much more, or less, often than it ends them."""
    ends = {channel: (models["first"] or 0, models["last"] or 0) for channel, models in credit.items()}
    channel, (first, last) = max(ends.items(), key=lambda entry: abs(entry[1][0] - entry[1][1]))
    gap = first - last
    if abs(gap) < 1:
        return ""
    verb = "begins more ways than it ends" if gap > 0 else "ends more ways than it begins"
    return f"{channel} {verb}: {count(first)} against {count(last)}."


def _side_by_side(caption: str, credit: Credit, *, digits: bool) -> Html:
    most = max(value or 0 for models in credit.values() for value in models.values()) or 1
    write = decimal if digits else count
    return table(
        caption,
        [Column("Channel"), *map(Column, MODELS.values())],
        ((channel, *(_cell(write(models[m]), models[m], most) for m in MODELS)) for channel, models in credit.items()),
        class_="tight",
    )


def _cell(words: str, value: float | None, most: float) -> Html:
    return heat(words, None if value is None else value / most)
