"""Document -> outline and key sentences, without a model: what is on screen first."""

from __future__ import annotations

from slimlm.assistant.opened import Opened, cite_sentence
from slimlm.assistant.records import Outline, OutlineEntry
from slimlm.assistant.summaries import key_points

KEY_SENTENCES = 4
MAX_ENTRIES = 300


def outline_of(opened: Opened) -> Outline:
    document = opened.document
    entries = tuple(
        OutlineEntry(s.title, s.level, s.page, document.pages[s.page - 1].label, s.start, s.end)
        for s in document.sections[:MAX_ENTRIES]
    )
    return Outline(
        document_id=document.id,
        title=document.title,
        format=document.format,
        language=opened.language,
        n_pages=len(document.pages),
        n_words=len(document.text.split()),
        entries=entries,
        key_sentences=tuple(cite_sentence(opened, s) for s in key_points(opened, KEY_SENTENCES)),
        notices=tuple(notice.message for notice in document.notices),
    )
