"""HTML and SVG as nested calls. Text is escaped unless it is `Html`, so data cannot become markup."""

from collections.abc import Iterable
from html import escape

_VOID = frozenset({"meta", "br", "col"})
_DRAWN = frozenset({"line", "rect", "path", "circle"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def tag(name: str, /, *children: str | Iterable[str], **attributes: object) -> Html:
    """One element. `class_` gives `class`, `stroke_width` gives `stroke-width`; None leaves an attribute out.

    The result is well-formed XML as well as HTML.
    """
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = _inner(children)
    if not inner and (name in _VOID or name in _DRAWN):
        return Html(f"<{name}{words}/>")
    return Html(f"<{name}{words}>{inner}</{name}>")


def text(value: str) -> Html:
    """Escaped text; characters that no XML document may hold are shown as �."""
    return Html(escape("".join(char if _is_printable(char) else "�" for char in value)))


def _inner(children: Iterable[str | Iterable[str]]) -> str:
    parts: list[str] = []
    for child in children:
        if isinstance(child, Html):
            parts.append(child)
        elif isinstance(child, str):
            parts.append(text(child))
        else:
            parts.append(_inner(child))
    return "".join(parts)


def _is_printable(char: str) -> bool:
    code = ord(char)
    return char in "\t\n\r" or (code >= 0x20 and not 0xD800 <= code <= 0xDFFF and code not in {0xFFFE, 0xFFFF})
