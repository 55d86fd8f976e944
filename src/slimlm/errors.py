"""Every error a user can meet, with a next step, an exit code and an HTTP status.

What enters: a short fact about what went wrong. What leaves: an exception that any front end can show.
This module refuses to know who shows it. The table in docs/errors.md is generated from these classes.
"""

from __future__ import annotations

from typing import ClassVar


class SlimLMError(Exception):
    """Base of every error that is the user's to solve (or to report).

    ``message`` says what happened in one sentence; ``hint`` says what to do next. ``exit_code`` is the
    process's exit status (documented, stable), ``http_status`` the status a server answers with.
    """

    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500
    default_hint: ClassVar[str] = "Run the command again with --debug and report what it prints."

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint if hint is not None else self.default_hint

    @property
    def code(self) -> str:
        """Stable machine-readable name: the class's name without ``Error``, in snake case."""
        name = type(self).__name__.removesuffix("Error")
        return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))

    def __reduce__(self) -> tuple[type[SlimLMError], tuple[str, str]]:
        """Errors cross the process border of the document reader: keep both fields."""
        return (type(self), (self.message, self.hint))


class UsageError(SlimLMError):
    """The request itself cannot be carried out as asked."""

    exit_code = 2
    http_status = 400
    default_hint = "See `slimlm --help`."


# --- documents: 10-29 ---------------------------------------------------------------------------------------------


class DocumentError(SlimLMError):
    """A document cannot be read."""

    exit_code = 10
    http_status = 422
    default_hint = "Open the file in the program that made it, save it again, and retry."


class DocumentNotFoundError(DocumentError):
    exit_code = 11
    http_status = 404
    default_hint = "Check the path; quote it if it holds spaces."


class DocumentPermissionError(DocumentError):
    exit_code = 12
    http_status = 403
    default_hint = "Give yourself permission to read the file (chmod u+r FILE), or copy it to a folder of your own."


class NotAFileError(DocumentError):
    """A directory, FIFO, socket or device."""

    exit_code = 13
    default_hint = "Name a document file."


class EmptyDocumentError(DocumentError):
    exit_code = 14
    default_hint = "The file holds nothing to read; check that it was saved or copied completely."


class UnsupportedDocumentError(DocumentError):
    exit_code = 15
    http_status = 415
    default_hint = (
        "SlimLM reads PDF, DOCX, PPTX, XLSX, XLS, ODS, HTML, EPUB, Markdown, plain text, PNG, JPEG and TIFF. "
        "Save or export the document as one of these."
    )


class EncryptedDocumentError(DocumentError):
    exit_code = 16
    default_hint = "Open it with its password and save a copy without one; then open the copy."


class CorruptDocumentError(DocumentError):
    exit_code = 17
    default_hint = "The file is damaged or incomplete: get it again from its source, or save it again."


class DocumentTooLargeError(DocumentError):
    """More bytes, pages, cells or expanded data than the limits allow."""

    exit_code = 18
    http_status = 413
    default_hint = "Split the document, or raise the limit in the settings ([documents] in config.toml)."


class SuspiciousArchiveError(DocumentError):
    """An archive that expands out of proportion (a zip bomb)."""

    exit_code = 19
    http_status = 413
    default_hint = "The file expands far beyond its size and may be malicious: do not open it unless you made it."


class DocumentTimeoutError(DocumentError):
    exit_code = 20
    http_status = 504
    default_hint = "Split the document, or raise `documents.timeout_s` in the settings."


class DocumentMemoryError(DocumentError):
    exit_code = 21
    http_status = 413
    default_hint = "Close other programs, split the document, or raise `documents.memory_mb` in the settings."


class NoTextError(DocumentError):
    """No page holds text, and no OCR was possible or none found any."""

    exit_code = 22
    default_hint = "The pages are images. Install text recognition with `pip install 'slimlm[ocr]'` and open it again."


class ReaderCrashedError(DocumentError):
    """The reading process died (a parser bug): the program itself survives."""

    exit_code = 23
    default_hint = "The file crashed its parser and was not opened. Save it again from the program that made it."


# --- models and engine: 30-49 -------------------------------------------------------------------------------------


class ModelError(SlimLMError):
    exit_code = 30


class UnknownModelError(ModelError):
    exit_code = 31
    http_status = 404
    default_hint = "See `slimlm models list`; add your own with `slimlm models add NAME SOURCE`."


class ModelNotInstalledError(ModelError):
    exit_code = 32
    http_status = 409
    default_hint = "Fetch it with `slimlm models pull NAME`."


class DownloadError(ModelError):
    exit_code = 33
    http_status = 502
    default_hint = "Check the connection and run the command again: it goes on where it stopped."


class ChecksumError(ModelError):
    exit_code = 34
    http_status = 502
    default_hint = "The download was discarded. Run the command again; if it repeats, do not trust the source."


class DiskSpaceError(SlimLMError):
    exit_code = 35
    http_status = 507
    default_hint = "Free some disk space, or set SLIMLM_HOME to a folder on a larger disk."


class InvalidModelError(ModelError):
    """Not a GGUF, truncated, of an unknown architecture, or without what the assistant needs."""

    exit_code = 36
    http_status = 422
    default_hint = "Use a complete GGUF file of an instruction-tuned model."


class NotEnoughMemoryError(ModelError):
    exit_code = 37
    http_status = 507
    default_hint = "Close other programs or choose a smaller model: `slimlm models list`."


class EngineError(ModelError):
    """The engine failed or died."""

    exit_code = 38
    http_status = 503
    default_hint = "Run `slimlm doctor`; a broken model file is repaired by `slimlm models pull NAME --force`."


class PromptTooLongError(ModelError):
    exit_code = 39
    http_status = 413
    default_hint = "Ask about fewer documents at once, or free memory so that the context can be larger."


# --- the user's own things: 50-59 ---------------------------------------------------------------------------------


class SettingsError(SlimLMError):
    exit_code = 50
    http_status = 400
    default_hint = "Correct the value in config.toml or in the environment; `slimlm doctor` shows where it is."


class NotInLibraryError(SlimLMError):
    exit_code = 51
    http_status = 404
    default_hint = "See `slimlm library list`."


class StorageError(SlimLMError):
    """The library or a cache cannot be read or written (damaged, locked, read-only)."""

    exit_code = 52
    http_status = 507
    default_hint = "Check the rights and the free space of the SlimLM folder (`slimlm doctor` names it)."


class MissingExtraError(SlimLMError):
    """Something was asked for that needs packages beyond the core."""

    exit_code = 53
    http_status = 501
    default_hint = "Install the extra that the message names: `pip install 'slimlm[EXTRA]'`."

    @classmethod
    def of(cls, what: str, extra: str) -> MissingExtraError:
        """``what`` (the subject of a sentence) needs ``slimlm[extra]``."""
        return cls(f"{what} needs the extra `{extra}`.", f"Install it: `pip install 'slimlm[{extra}]'`.")


class CancelledError(SlimLMError):
    """The person stopped the work. Exit code 130 is the shell's own for Ctrl-C."""

    exit_code = 130
    http_status = 499
    default_hint = "Nothing was lost; run the command again to go on."
