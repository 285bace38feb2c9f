"""Published numbers that a new run over the same interval changes."""

from collections.abc import Iterator
from datetime import datetime

from batch_jobs.reports.asking import Question
from batch_jobs.reports.published import Published, Restatement
from batch_jobs.reports.report_rows import Numbers


def restatements(published: Published | None, numbers: Numbers, question: Question, now: datetime) -> list[Restatement]:
    """Every restatement of the interval so far, oldest first, with those of the run at `now` at the end.

    What was published before the interval was over was provisional, so that nothing restates it. A number that is
    absent now, because its report failed, is compared when it is there again (`Published.known_numbers`).
    """
    if published is None:
        return []
    if published.made_time < question.interval.end:
        return published.restatements
    return [*published.restatements, *_changed(published, numbers, question, now)]


def _changed(published: Published, numbers: Numbers, question: Question, now: datetime) -> Iterator[Restatement]:
    is_same_data = (published.generations, published.sessions) == (question.generations, question.sessions)
    for name, old in published.known_numbers.items():
        new = numbers.get(name)
        if new is not None and new != old:
            yield Restatement(name, old, new, now, "changed rules" if is_same_data else "changed data")
