"""Room 1: bytes -> Document. One reader per format, behind a worker process with limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slimlm.documents.read import read_document

__all__ = ["read_document"]


def __getattr__(name: str) -> Any:
    """Import ``read_document`` on first use: the worker imports this package too, and starts a tenth faster without."""
    if name == "read_document":
        from slimlm.documents.read import read_document  # noqa: PLC0415

        return read_document
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
