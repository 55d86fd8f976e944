# ruff: noqa: E501  (markup and layouts are clearer unbroken)
from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from conftest import Read, Shown
from slimlm.errors import CorruptDocumentError, EncryptedDocumentError

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
NAV = '<html xmlns:epub="e"><body><nav epub:type="toc"><ol><li><a href="c2.xhtml#x">The second</a></li></ol></nav></body></html>'
NCX = '<ncx><navMap><navPoint><navLabel><text>First one</text></navLabel><content src="c%201.xhtml"/></navPoint></navMap></ncx>'


def book(spine: str = '<itemref idref="nav"/><itemref idref="b"/><itemref idref="a"/>') -> dict[str, str]:
    return {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": '<package xmlns:dc="d"><metadata><dc:title>The Book</dc:title></metadata><manifest>'
        '<item id="a" href="c%201.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="b" href="c2.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'
        f'</manifest><spine toc="ncx">{spine}</spine></package>',
        "OEBPS/c 1.xhtml": "<html><body><h1>One</h1><aside>A note.</aside></body></html>",
        "OEBPS/c2.xhtml": "<html><body><h1>Two</h1><p>Text &amp; more.</p></body></html>",
        "OEBPS/nav.xhtml": NAV,
        "OEBPS/toc.ncx": NCX,
    }


Package = Callable[[Mapping[str, str]], bytes]


def test_spine_order_and_names(read: Read, shown: Shown, package: Package) -> None:
    document = read(package(book()), "epub")
    assert document.title == "The Book"
    assert [(page.kind, page.label) for page in document.pages] == [("part", "The second"), ("part", "First one")]
    assert shown(document) == ["heading1: Two", "paragraph: Text & more.", "heading1: One", "paragraph: A note."]


def test_without_spine_the_manifest_counts(read: Read, package: Package) -> None:
    assert [page.label for page in read(package(book(spine="")), "epub").pages] == ["First one", "The second"]


def test_protected_books(read: Read, package: Package) -> None:
    def sealed(method: str, target: str) -> dict[str, str]:
        entry = (
            f'<encryption><EncryptedData><EncryptionMethod Algorithm="{method}"/>'
            f'<CipherData><CipherReference URI="{target}"/></CipherData></EncryptedData></encryption>'
        )
        return {**book(), "META-INF/encryption.xml": entry}

    with pytest.raises(EncryptedDocumentError):
        read(package(sealed("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "OEBPS/c2.xhtml")), "epub")
    assert read(package(sealed("http://www.idpf.org/2008/embedding", "OEBPS/font.bin")), "epub").text


def test_damaged_books(read: Read, package: Package) -> None:
    with pytest.raises(CorruptDocumentError):
        read(package({"META-INF/container.xml": CONTAINER}), "epub")
    with pytest.raises(CorruptDocumentError):
        read(package({"META-INF/container.xml": CONTAINER, "OEBPS/book.opf": "<package/>"}), "epub")
