"""HTML -> blocks: the document on the page, without the site around it. Nothing is ever fetched.

The tree is walked with an explicit stack, so depth costs memory and not the interpreter's stack.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers import html_hidden as hidden
from slimlm.documents.readers.encodings import decode
from slimlm.documents.readers.html_flow import Flow
from slimlm.documents.readers.inline import tidy
from slimlm.documents.records import ReadProgress
from slimlm.documents.source import Report, Source
from slimlm.errors import DocumentTooLargeError
from slimlm.settings import DocumentSettings

_META_CHARSET = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,100}encoding\s*=\s*["']([\w.:-]{2,40})["']""")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,60})(?=[\s/>])[^<>]*>")
# Elements that close themselves, or that the parser closes when the next one begins.
_FLAT = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li dt dd option tr td th thead tbody tfoot "
    "html head body".split()
)
_LONG_TAG = re.compile(r"(<[a-zA-Z][a-zA-Z0-9-]{0,60})[^<>]{10000,}>")
_VALUE = re.compile(r""""[^"]*"|'[^']*'""")
_FORMATTING = re.compile(
    r"<(/?)(?:a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])[^<>]*>", re.IGNORECASE
)
_MAX_FORMATTING = 200
_MAX_TAGS = 2_000_000
_MAX_DEPTH = 1000  # the parser's time grows with the square of the depth


def read_html(source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str:
    if len(source.data) > 8 * limits.max_chars:
        raise DocumentTooLargeError(f"The page holds more than {limits.max_chars:,} characters.")
    report(ReadProgress("pages", 0, 1))
    return read_page(bytes(source.data), limits, builder)


def read_page(data: bytes, limits: DocumentSettings, builder: DocumentBuilder, *, whole: bool = False) -> str:
    """Add a page's blocks to ``builder``; returns its title.

    ``whole``: every part is content (a chapter of a book), so nothing is taken for the site around it.
    """
    markup = decode(data, declared_encoding(data))
    if markup.count("<") > _MAX_TAGS:
        raise DocumentTooLargeError(f"The page holds more than {_MAX_TAGS:,} elements.")
    try:
        page = LexborHTMLParser(_shallow(_closed_formatting(_short_tags(markup))))
    except SelectolaxError as error:  # no markup is bad for this parser: it fails for want of memory only
        raise DocumentTooLargeError("The page's elements take more memory than there is.") from error
    if page.body is None:
        return ""
    rules = hidden.HiddenRules(page)
    root = page.body if whole else _content(page.body)
    n_before = builder.n_chars
    flow = Flow(builder, limits, rules, drop_site=not whole, in_content=root.tag != "body")
    flow.walk(root)
    if builder.n_chars == n_before and not whole:  # everything looked like the site: then the site is the document
        flow = Flow(builder, limits, rules, drop_site=False, in_content=True)
        flow.walk(page.body)
    if flow.n_hidden > 3:  # icons and the like hide a character or two
        builder.notice("hidden_text", "Text that the page hides from its readers was left out.")
    return _title(page, flow.first_heading)


def declared_encoding(data: bytes) -> str | None:
    head = data[:4096]
    match = _XML_ENCODING.match(head) or _META_CHARSET.search(head)
    return match.group(1).decode("ascii", "replace") if match else None


def _short_tags(text: str) -> str:
    """The page without tags that hold thousands of attributes: the parser's time grows with their square."""
    return _LONG_TAG.sub(
        lambda tag: tag.group(1) + ">" if len(_VALUE.sub("", tag.group())) > 5000 else tag.group(), text
    )


def _closed_formatting(text: str) -> str:
    """The page without bold, italics and the like where hundreds stay open: the parser opens each again everywhere."""
    depth = 0
    for match in _FORMATTING.finditer(text):
        depth = max(0, depth + (-1 if match.group(1) else 1))
        if depth > _MAX_FORMATTING:
            return _FORMATTING.sub("", text)
    return text


def _shallow(text: str) -> str:
    """The page with nesting beyond ``_MAX_DEPTH`` taken out; pages that people wrote come back unchanged."""
    if text.count("<") < _MAX_DEPTH:
        return text
    depth = skipped = 0
    kept: list[str] = []
    at = 0
    for match in _TAG.finditer(text):
        name = match.group(2).lower()
        if name in _FLAT or match.group().endswith("/>"):
            continue
        if not match.group(1):
            depth += 1
            drop = depth > _MAX_DEPTH
            skipped += drop
        else:
            depth = max(0, depth - 1)
            drop = skipped > 0
            skipped -= drop
        if drop:
            kept.append(text[at : match.start()])
            at = match.end()
    return "".join(kept) + text[at:] if kept else text


def _content(body: LexborNode) -> LexborNode:
    """The main element, or the only article; the body when they hold little of its text."""
    n_body = len(body.text(deep=True) or "")
    for selector in ("main", "[role=main]", "article"):
        found = body.css(selector)
        if len(found) == 1 and len(found[0].text(deep=True) or "") >= 0.25 * n_body:
            return found[0]
    return body


def _title(page: LexborHTMLParser, first_heading: str) -> str:
    node = page.css_first("head title")
    title = tidy(node.text(deep=True) or "").replace("\n", " ") if node is not None else ""
    if first_heading and (not title or first_heading.lower() in title.lower()):
        return first_heading  # without " | Name of the site"
    return title or first_heading
