"""What kind of statement a text is, in the words of GetQueryExecution."""

import re
from dataclasses import dataclass

_BETWEEN = r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/|\()"
_COMMENTS = re.compile(rf"\A{_BETWEEN}+", re.DOTALL)
CREATE_TABLE_AS = re.compile(
    rf"CREATE\s+TABLE\b.*?\bAS\b{_BETWEEN}*(?:SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE | re.DOTALL
)
_UTILITY = frozenset({"SHOW", "DESCRIBE", "DESC", "EXPLAIN"})
_DML = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "INSERT", "UNLOAD", "MERGE", "DELETE", "UPDATE", "EXECUTE"})
_OF_ONE_WORD = frozenset({"OPTIMIZE", "VACUUM"})
_FILES = frozenset({"INSERT", "UNLOAD", "CREATE_TABLE_AS_SELECT", "MERGE", "DELETE", "UPDATE"})


@dataclass(frozen=True)
class Kind:
    """Kind of a statement.

    Attributes:
        statement: `DML`, `DDL` or `UTILITY`.
        substatement: First words, as the API has them.
        suffix: Of the result object; none for statements that write objects of their own.
    """

    statement: str
    substatement: str
    suffix: str


def body(query: str) -> str:
    """Return a statement without the comments and blanks around it and without its semicolon."""
    start = _COMMENTS.match(query)
    text = query[start.end() :] if start is not None and "(" not in start[0] else query.lstrip()
    return text.rstrip().rstrip(";").rstrip()


def kind_of(query: str) -> Kind:
    """Return the kind of a statement; any text has one."""
    text = _COMMENTS.sub("", query)
    words = re.findall(r"[A-Za-z]+", text[:200].upper())
    verb = words[0] if words else ""
    if CREATE_TABLE_AS.match(text):
        return Kind("DDL", "CREATE_TABLE_AS_SELECT", "")
    if verb in _DML:
        name = "SELECT" if verb in {"WITH", "VALUES", "TABLE"} else verb
        return Kind("DML", name, "" if name in _FILES else ".csv")
    if verb in _UTILITY:
        return Kind("UTILITY", "_".join(words[:2]) if verb == "SHOW" else verb, ".txt")
    return Kind("DDL", verb if verb in _OF_ONE_WORD else "_".join(words[:2]), ".txt")
