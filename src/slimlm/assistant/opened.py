"""An open document with its search index: what every task of the assistant works on."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

from slimlm.assistant.records import Citation, cite
from slimlm.documents.records import Document, Section
from slimlm.engine.protocol import Engine
from slimlm.errors import CancelledError
from slimlm.retrieval.language import detect_language
from slimlm.retrieval.records import Sentence
from slimlm.retrieval.search import SearchIndex

_LEAD = re.compile(r"^(?:\(?\d{1,3}(?:\.\d{1,3}){1,3}\)?\.?|\d{1,2}[.)]|\([a-z0-9]{1,3}\)|[a-z]\)|[•▪◦‣·–-])\s+")


@dataclass(frozen=True, slots=True)
class Opened:
    document: Document
    index: SearchIndex
    language: str  # ISO 639-1, or "und"


def open_index(document: Document, index: SearchIndex) -> Opened:
    return Opened(document, index, detect_language(document.text))


def cite_sentence(opened: Opened, sentence: Sentence) -> Citation:
    """The sentence without the clause number or list mark in front of it: they are not its words."""
    lead = _LEAD.match(sentence.text)
    start = sentence.start + (lead.end() if lead and lead.end() < len(sentence.text) else 0)
    return cite(opened.document, start, sentence.end)


def section_sentences(opened: Opened, section: Section) -> list[int]:
    """Indices of the sentences under a heading, without the heading itself."""
    return [s.index for s in opened.index.sentences if section.start < s.start < section.end]


def speaks(engine: Engine | None, *languages: str) -> bool:
    """Whether the model may be shown in these languages; text of an undetermined one is tried in any."""
    if engine is None:
        return False
    return all(language == "und" or language in engine.info.languages for language in languages)


def check_cancel(cancel: threading.Event | None) -> None:
    if cancel is not None and cancel.is_set():
        raise CancelledError("Stopped.")


_NAMES = {
    "ar": "Arabic", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "fr": "French", "he": "Hebrew",
    "hi": "Hindi", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "pt": "Portuguese",
    "ru": "Russian", "th": "Thai", "zh": "Chinese",
}  # fmt: skip


def language_note(engine: Engine | None, language: str) -> str:
    """What the person is told when only quotes can be shown; "" when the model speaks the language."""
    if engine is None:
        return "No model is installed, so the answer is quoted from the document. Fetch one with `slimlm models pull`."
    if language == "und" or language in engine.info.languages:
        return ""
    name = _NAMES.get(language, language)
    return f"The model in use does not speak {name}, so the answer is quoted from the document."
