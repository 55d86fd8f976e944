"""Which parts of a web page a person does not see, and which belong to the site instead of the document."""

from __future__ import annotations

import re
from collections.abc import Mapping

from selectolax.lexbor import LexborHTMLParser, LexborNode

SILENT = frozenset(  # never text of the document
    "script style noscript template iframe object embed svg canvas audio video map select option datalist button input "
    "textarea head link meta rt rp del nav dialog math-annotation progress meter applet frame frameset noframes".split()
)
_SITE_ROLES = frozenset(
    "navigation banner contentinfo complementary search dialog alertdialog menu menubar toolbar".split()
)
_SITE_NAMES = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|breadcrumbs?|skip-?(?:link|nav|to)\S*|share|sharing|social|newsletter|sidebar"
    r"|adverts?|ads|related|pagination|navbar|navigation|nav|menu|site-?(?:header|footer|nav)|topbar|popup|modal)"
    r"(?:$|[\s_-])",
    re.IGNORECASE,
)
_SCREEN_READER = re.compile(r"(?:^|\s)(?:sr-only|visually-?hidden|screen-reader-text)(?:$|\s)")
_NAMED = frozenset("div section aside header footer ul ol p form".split())
_MAX_CSS_CHARS = 400_000
_PROPERTY = re.compile(r"\s*([a-z-]+)\s*:\s*([^;!]{1,200})")
_SIMPLE_SELECTOR = re.compile(r"[a-z0-9]*(?:[.#][\w-]+)?", re.IGNORECASE)


def hides(style: str) -> bool:
    """Does this declaration list make text invisible to a person?"""
    if ":" not in style or len(style) > 4000:
        return False
    values = {name: value.strip() for name, value in _PROPERTY.findall(style.lower())}
    get = values.get
    if get("display") == "none" or get("visibility") in ("hidden", "collapse"):
        return True
    if _number(get("opacity", "1")) <= 0.05 or 0 <= _number(get("font-size", "16")) < _smallest(get("font-size", "")):
        return True
    if get("color") == "transparent" or (
        get("color") and get("color") == (get("background-color") or get("background"))
    ):
        return True
    if _number(get("text-indent", "0")) <= -500 or get("clip", "").replace(" ", "").startswith("rect(0"):
        return True
    if get("position") in ("absolute", "fixed") and min(_number(get(side, "0")) for side in ("left", "top")) <= -500:
        return True
    empty = [get(side) for side in ("width", "height", "max-height")]
    return get("overflow") == "hidden" and any(size is not None and _number(size) <= 1 for size in empty)


def _smallest(size: str) -> float:
    """Below this a size cannot be read: 3 px or pt, a fifth of an em."""
    return 0.2 if size.endswith("em") else 20 if size.endswith("%") else 0 if size[:1].isalpha() else 3


def _number(value: str) -> float:
    match = re.match(r"[+-]?(?:\d+\.?\d*|\.\d+)", value)
    return float(match.group()) if match else 16.0


class HiddenRules:
    """Simple selectors (a tag, a class, an id) that the page's own style sheets make invisible."""

    def __init__(self, page: LexborHTMLParser) -> None:
        self._selectors: set[str] = set()
        for node in page.css("style"):
            css = node.text(deep=True) or ""
            self._read(re.sub(r"/\*.{0,20000}?\*/", "", css[:_MAX_CSS_CHARS], flags=re.DOTALL))

    def _read(self, css: str) -> None:
        depth = 0
        for chunk in css.split("}"):
            pieces = chunk.split("{")
            if depth == 0 and len(pieces) == 2 and hides(pieces[1]):
                names = (name.strip() for name in pieces[0].split(","))
                self._selectors.update(name.lower() for name in names if name and _SIMPLE_SELECTOR.fullmatch(name))
            depth = max(0, depth + len(pieces) - 2)  # rules inside @media apply to other screens or to paper

    def match(self, tag: str, attributes: Mapping[str, str | None]) -> bool:
        if not self._selectors:
            return False
        names = ["." + name for name in (attributes.get("class") or "").lower().split()]
        if attributes.get("id"):
            names.append("#" + (attributes["id"] or "").lower())
        return tag in self._selectors or any(n in self._selectors or tag + n in self._selectors for n in names)


def is_hidden(tag: str, attributes: Mapping[str, str | None], rules: HiddenRules) -> bool:
    if not attributes:
        return rules.match(tag, attributes)
    if "hidden" in attributes or (attributes.get("aria-hidden") or "").lower() == "true":
        return True
    return hides(attributes.get("style") or "") or rules.match(tag, attributes)


def is_for_screen_readers(attributes: Mapping[str, str | None]) -> bool:
    return bool(attributes) and bool(_SCREEN_READER.search(attributes.get("class") or ""))


def is_site(node: LexborNode, attributes: Mapping[str, str | None], in_content: bool) -> bool:
    """Navigation, banners, cookie notices. Inside the main content only what says so itself is dropped."""
    tag = node.tag or ""
    if (attributes.get("role") or "").lower() in _SITE_ROLES or tag == "aside":
        return True
    if tag in ("header", "footer") and not in_content:
        return tag == "footer" or node.css_first("h1") is None
    if tag not in _NAMED or not attributes:
        return False
    named = f"{attributes.get('id') or ''} {attributes.get('class') or ''}"
    return len(named) < 500 and bool(_SITE_NAMES.search(named)) and node.css_first("h1, main, article") is None
