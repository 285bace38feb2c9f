"""Joda's patterns of dates and times (format_datetime, parse_datetime) as strftime's."""

from local_aws.athena.errors import NotSupportedError

_JODA = (
    ("yyyy", "%Y"), ("MMMM", "%B"), ("MMM", "%b"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"),
    ("SSS", "%g"), ("ss", "%S"), ("EEEE", "%A"), ("EEE", "%a"), ("yy", "%y"), ("hh", "%I"), ("a", "%p"),
)  # fmt: skip


def joda_to_strftime(pattern: str) -> str:
    """Return the strftime pattern for a Joda one.

    Raises:
        NotSupportedError: A letter without a faithful counterpart.
    """
    out, position = [], 0
    while position < len(pattern):
        token = next(((joda, mine) for joda, mine in _JODA if pattern.startswith(joda, position)), None)
        if token is not None:
            out.append(token[1])
            position += len(token[0])
        elif pattern[position] == "'":
            end = pattern.find("'", position + 1)
            out.append(pattern[position + 1 : end].replace("%", "%%") or "'")
            position = end + 1
        elif pattern[position].isalpha():
            raise NotSupportedError(f"date pattern letter {pattern[position]!r} in {pattern!r}")
        else:
            out.append(pattern[position].replace("%", "%%"))
            position += 1
    return "".join(out)
