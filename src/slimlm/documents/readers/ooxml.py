"""What the Office Open XML formats share: parts, relationships, properties; names without their namespaces.

Strict and transitional files differ only in namespaces, so elements and attributes are compared by local name.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from lxml import etree

from slimlm.documents.archive import Archive
from slimlm.documents.readers.inline import tidy
from slimlm.documents.xml import parse_xml
from slimlm.errors import CorruptDocumentError, SlimLMError

Element = etree._Element


@dataclass(frozen=True, slots=True)
class Relationship:
    kind: str  # the last part of its type: "slide", "footnotes", "chart"
    target: str  # name of the part in the package; "" for things outside it


def local(element: Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attr(element: Element | None, name: str, default: str = "") -> str:
    """An attribute by local name, whatever its namespace."""
    if element is None:
        return default
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return default


def child(element: Element | None, *path: str) -> Element | None:
    """The first child of that local name, and so on down the path."""
    for name in path:
        if element is None:
            return None
        element = next((item for item in element if local(item) == name), None)
    return element


def descend(element: Element, name: str) -> Iterator[Element]:
    return element.iter("{*}" + name)


def is_on(element: Element | None) -> bool:
    """A toggle such as <w:b/>: on unless its value says otherwise."""
    return element is not None and attr(element, "val", "1").lower() not in ("0", "false", "off", "none")


def integer(text: str, default: int = 0) -> int:
    try:
        return int(text) if len(text) < 12 else default
    except ValueError:
        return default


def relationships(archive: Archive, part: str) -> dict[str, Relationship]:
    """Relationships of one part ("" for the package) by id; a missing or damaged list is empty."""
    folder, name = posixpath.split(part)
    listed = posixpath.join(folder, "_rels", name + ".rels")
    if listed not in archive:
        return {}
    found: dict[str, Relationship] = {}
    for item in parse_xml(archive.read(listed), listed, recover=True):
        target = unquote(attr(item, "Target"))
        if attr(item, "TargetMode") == "External":
            target = ""
        elif target.startswith("/"):
            target = target.lstrip("/")
        else:
            target = posixpath.normpath(posixpath.join(folder, target))
        found[attr(item, "Id")] = Relationship(attr(item, "Type").rpartition("/")[2], target)
    return found


def main_part(archive: Archive, default: str) -> str:
    for item in relationships(archive, "").values():
        if item.kind == "officeDocument" and item.target in archive:
            return item.target
    if default in archive:
        return default
    raise CorruptDocumentError("The file lacks its main part: it is damaged or no Office document.")


def optional_part(archive: Archive, name: str) -> Element | None:
    """A part that the document can do without: None when it is missing or damaged."""
    if not name or name not in archive:
        return None
    try:
        return parse_xml(archive.read(name), name, recover=True)
    except CorruptDocumentError:
        return None


def core_title(archive: Archive) -> str:
    """The title in the file's properties, unless a program put a placeholder there."""
    try:
        root = optional_part(archive, "docProps/core.xml")
    except SlimLMError:
        return ""
    node = child(root, "title")
    title = tidy(node.text or "").replace("\n", " ") if node is not None else ""
    generic = title.lower().rstrip("0123456789 ") in ("document", "untitled", "presentation", "powerpoint presentation")
    return "" if generic or title.lower().endswith((".doc", ".docx", ".dotx", ".tmp", ".ppt")) else title
