"""Parses XML that strangers wrote: no entities, no DTD, no network, no oversized trees.

What enters: bytes. What leaves: an lxml element. Declared entities are refused outright, because no office program
writes any and every entity attack needs them; a bare DOCTYPE (XHTML in EPUBs) does no harm and is ignored.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from slimlm.errors import CorruptDocumentError

# lxml's own limits (``huge_tree`` off) stop at 256 nested elements, 10 MB in one text node and entity amplification.
_NO_MEMORY = 2  # xmlParserErrors.XML_ERR_NO_MEMORY


def xml_parser(*, recover: bool = False) -> etree.XMLParser:
    """A new hardened parser; parsers are not shared because they keep state. ``recover`` goes on past broken markup."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        recover=recover,
    )


def parse_xml(data: bytes, part: str, *, recover: bool = False) -> etree._Element:
    """Parse one part. Raises ``CorruptDocumentError`` naming ``part`` when it is no XML or declares a DTD."""
    try:
        root = etree.fromstring(data, parser=xml_parser(recover=recover))
    except etree.XMLSyntaxError as error:
        # How libxml2 says that it stopped for want of memory.
        if getattr(error, "code", 0) == _NO_MEMORY or "unknown error" in str(error):
            raise MemoryError from error
        raise CorruptDocumentError(f"{part} is not valid XML: {_short(error)}.") from error
    except ValueError as error:  # an encoding declaration that contradicts the bytes
        raise CorruptDocumentError(f"{part} cannot be decoded.") from error
    if root is None:  # only with ``recover``: nothing could be saved
        raise CorruptDocumentError(f"{part} holds no XML.")
    dtd: Any = root.getroottree().docinfo.internalDTD
    if dtd is not None and dtd.entities():
        raise CorruptDocumentError(f"{part} declares XML entities, which no office program writes.")
    return root


def _short(error: etree.XMLSyntaxError) -> str:
    return str(error.msg or "unreadable").strip().rstrip(".")[:160]
