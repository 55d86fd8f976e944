"""Which function reads which format. Names only: a reader's module is imported when a document of its kind arrives."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import cast

from slimlm.documents.source import Reader
from slimlm.errors import UnsupportedDocumentError

_ROOT = "slimlm.documents.readers."
FORMATS = MappingProxyType(
    {
        "pdf": "pdf:read_pdf",
        "docx": "docx:read_docx",
        "pptx": "pptx:read_pptx",
        "xlsx": "sheet:read_sheet",
        "xls": "sheet:read_sheet",
        "ods": "sheet:read_sheet",
        "html": "html:read_html",
        "epub": "epub:read_epub",
        "markdown": "markdown:read_markdown",
        "text": "text:read_text",
        "image": "image:read_image",
    }
)


def reader_for(kind: str) -> Reader:
    """Import and return the reader of one format; raises ``UnsupportedDocumentError`` for a format without one."""
    place = FORMATS.get(kind)
    if place is None:
        raise UnsupportedDocumentError(f"There is no reader for the format {kind!r}.")
    module, function = place.split(":")
    return cast(Reader, getattr(import_module(_ROOT + module), function))
