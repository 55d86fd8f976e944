"""EPUB books -> one part per chapter file, in reading order, each named as the table of contents names it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from selectolax.lexbor import LexborHTMLParser

from slimlm.documents.archive import Archive, open_archive
from slimlm.documents.builder import DocumentBuilder
from slimlm.documents.readers.encodings import decode
from slimlm.documents.readers.html import read_page
from slimlm.documents.readers.inline import tidy
from slimlm.documents.readers.ooxml import Element, attr, child, descend, local, optional_part
from slimlm.documents.records import ReadProgress
from slimlm.documents.source import Report, Source
from slimlm.documents.xml import parse_xml
from slimlm.errors import CorruptDocumentError, EncryptedDocumentError
from slimlm.settings import DocumentSettings

_PAGES = frozenset(("application/xhtml+xml", "text/html", "application/xml", "text/x-oeb1-document"))
_PAGE_SUFFIXES = (".xhtml", ".html", ".htm", ".xml")
# Fonts are often scrambled against copying; that protects no text.
_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_FONT_SUFFIXES = (".ttf", ".otf", ".woff", ".woff2")
_MAX_CONTENTS = 10_000


@dataclass(frozen=True, slots=True)
class _Item:
    name: str  # in the package
    kind: str  # media type
    properties: str


@dataclass(slots=True)
class _Book:
    title: str = ""
    items: dict[str, _Item] = field(default_factory=dict)
    spine: list[str] = field(default_factory=list)  # names of chapter files in reading order
    contents: str = ""  # name of the NCX


def read_epub(source: Source, limits: DocumentSettings, builder: DocumentBuilder, report: Report) -> str:
    archive = open_archive(source.data, limits)
    _refuse_encrypted(archive)
    book = _read_book(archive)
    names = book.spine or [item.name for item in book.items.values() if _is_page(item)]
    chapters = [name for name in dict.fromkeys(names) if name in archive]
    if not chapters:
        raise CorruptDocumentError("The book lists no chapters that are in the file.")
    navigation = {item.name for item in book.items.values() if "nav" in item.properties.split()}
    labels = _labels(archive, book, navigation)
    for number, name in enumerate(chapters, 1):
        if name in navigation and len(chapters) > 1:
            continue  # the table of contents repeats the headings
        builder.start_page("part", labels.get(name) or f"Part {number}")
        read_page(archive.read(name), limits, builder, whole=True)
        report(ReadProgress("pages", number, len(chapters)))
    return book.title


def _refuse_encrypted(archive: Archive) -> None:
    root = optional_part(archive, "META-INF/encryption.xml")
    for item in descend(root, "EncryptedData") if root is not None else ():
        method = attr(child(item, "EncryptionMethod"), "Algorithm")
        target = attr(child(item, "CipherData", "CipherReference"), "URI").lower()
        if method not in _FONT_METHODS and not target.endswith(_FONT_SUFFIXES):
            raise EncryptedDocumentError(
                "The book is protected against copying (DRM).",
                "Open it in the shop's own reader, or get a copy without DRM.",
            )


def _read_book(archive: Archive) -> _Book:
    part = _package_part(archive)
    root = parse_xml(archive.read(part), part, recover=True)
    folder = posixpath.dirname(part)
    book = _Book()
    metadata, manifest, spine = child(root, "metadata"), child(root, "manifest"), child(root, "spine")
    title = next(descend(metadata, "title"), None) if metadata is not None else None
    book.title = tidy("".join(str(piece) for piece in title.itertext())).replace("\n", " ") if title is not None else ""
    for item in manifest if manifest is not None else ():
        name = posixpath.normpath(posixpath.join(folder, unquote(attr(item, "href").partition("#")[0])))
        book.items[attr(item, "id")] = _Item(name, attr(item, "media-type").lower(), attr(item, "properties"))
    for reference in spine if spine is not None else ():
        found = book.items.get(attr(reference, "idref"))
        if found is not None and _is_page(found):
            book.spine.append(found.name)
    contents = book.items.get(attr(spine, "toc"))
    by_kind = (item.name for item in book.items.values() if item.kind == "application/x-dtbncx+xml")
    book.contents = contents.name if contents else next(by_kind, "")
    return book


def _is_page(item: _Item) -> bool:
    return item.kind in _PAGES or (not item.kind and item.name.lower().endswith(_PAGE_SUFFIXES))


def _package_part(archive: Archive) -> str:
    container = optional_part(archive, "META-INF/container.xml")
    for item in descend(container, "rootfile") if container is not None else ():
        name = unquote(attr(item, "full-path"))
        if name in archive:
            return name
    found = next((name for name in archive.names if name.lower().endswith(".opf")), "")
    if not found:
        raise CorruptDocumentError("The file is no book: its package description is missing.")
    return found


def _labels(archive: Archive, book: _Book, navigation: set[str]) -> dict[str, str]:
    """Chapter files and what the table of contents calls them: the first entry of each file."""
    labels: dict[str, str] = {}
    for name in sorted(navigation):
        if name in archive:
            for target, text in _nav_entries(decode(archive.read(name)), name):
                labels.setdefault(target, text)
    root = optional_part(archive, book.contents)
    for target, text in _ncx_entries(root, book.contents) if root is not None else ():
        labels.setdefault(target, text)
    return labels


def _nav_entries(html: str, part: str) -> Iterator[tuple[str, str]]:
    page = LexborHTMLParser(html[: 4 << 20])
    for link in page.css("nav a[href]")[:_MAX_CONTENTS]:
        text = tidy(link.text(deep=True) or "").replace("\n", " ")
        target = (link.attributes.get("href") or "").partition("#")[0]
        inside = link.parent
        while inside is not None and inside.tag != "nav":
            inside = inside.parent
        role = (inside.attributes.get("epub:type") or "toc") if inside is not None else "toc"
        if text and target and role != "page-list":
            yield _resolve(part, target), text


def _ncx_entries(root: Element, part: str) -> Iterator[tuple[str, str]]:
    points = (item for item in descend(root, "navPoint"))
    for point, _ in zip(points, range(_MAX_CONTENTS), strict=False):
        text = next((tidy(t.text or "") for t in descend(point, "text")), "")
        target = next((attr(item, "src").partition("#")[0] for item in point if local(item) == "content"), "")
        if text and target:
            yield _resolve(part, target), text.replace("\n", " ")


def _resolve(part: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(part), unquote(target)))
