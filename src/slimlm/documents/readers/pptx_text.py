"""The text of one DrawingML paragraph."""

from __future__ import annotations

from slimlm.documents.readers.docx_text import equation
from slimlm.documents.readers.inline import lowered, raised
from slimlm.documents.readers.ooxml import Element, attr, child, integer, local


def paragraph_text(paragraph: Element) -> str:
    """Runs, line breaks and fields (a slide number is dropped: it is not the document's text)."""
    parts: list[str] = []
    for item in paragraph:
        name = local(item)
        if name == "r":
            text = "".join(t.text or "" for t in item if local(t) == "t")
            baseline = integer(attr(child(item, "rPr"), "baseline"))
            parts.append(raised(text) if baseline > 0 else lowered(text) if baseline < 0 else text)
        elif name == "br":
            parts.append("\n")
        elif name == "fld" and attr(item, "type") != "slidenum":
            parts.extend(t.text or "" for t in item if local(t) == "t")
        elif name in ("m", "AlternateContent"):
            chosen = child(item, "Choice") if name == "AlternateContent" else item
            parts.extend(equation(e) for e in (chosen.iter("{*}oMath") if chosen is not None else ()))
    return "".join(parts)
