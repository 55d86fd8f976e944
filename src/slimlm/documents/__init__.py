"""Room 1: bytes -> Document. One reader per format, behind a worker process with limits."""

from slimlm.documents.read import read_document

__all__ = ["read_document"]
