"""A free-form request is one of three: summarize, suggest questions, or ask. By its words, in several languages.

Measured on the requests in ``tests/quality``; a model is not needed for what words decide.
"""

from __future__ import annotations

import re
from typing import Literal

Intent = Literal["summarize", "suggest", "ask"]

_SUGGEST = re.compile(
    r"\b(?:suggest|propose|recommend|give me|generate|list|come up with|think of|show me)\b.{0,30}\bquestions?\b"
    r"|\b(?:what|which|any)(?: \w+){0,2} questions?\b(?=\W*$| (?:can|could|should|might|do|does|to|about|is|i|we|you|one)\b)"
    r"|\bquestions? (?:to ask|(?:that )?(?:i|we|one|you) (?:can|could|should|might)|(?:can|could|should|might) (?:i|we|one|you))\b"
    r"|^questions? (?:about|on|for)\b|\bwhat (?:can|could|should) (?:i|we) ask\b"
    r"|\bwas (?:kann|könnte|soll\w*) (?:ich|man)\b.{0,20}\bfragen\b|\bwelche fragen\b.{0,30}\b(?:kann|könnte|soll\w*|beantwortet)\b"
    r"|\bfragen\b.{0,30}\b(?:stellen|vorschlag\w*|vor)\b|\bschlag\w*\b.{0,30}\bfragen\b|\bquestions?\b.{0,20}\bposer\b"
    r"|\b(?:suggère|propose)\w*\b.{0,30}\bquestions?\b|\b(?:sugiere|propón|sugerir|proponer)\w*\b.{0,30}\bpreguntas?\b|\bqué (?:puedo )?preguntar\b"
    r"|質問(?:を|の)?(?:提案|候補|例|考え|作)|(?:何を|どんな)(?:聞|質問|尋ね)|(?:可以|能|该|应该)问(?:什么|哪些|些什么)|提[出些几]?.{0,6}问题|建议.{0,6}问题|질문.{0,8}(?:제안|추천)|اقترح.{0,12}أسئلة",
    re.IGNORECASE,
)
_SUMMARIZE = re.compile(
    r"\b(?:summari[sz]e|summary|sum(?:med)? (?:it |this |that )?up|tl;?dr|overview|gist|in (?:a nutshell|brief|short)|key (?:points?|takeaways?|facts?)|main (?:points?|ideas?)"
    r"|boil (?:it|this) down|condense|recap|abstract of|digest|high[- ]level|short version)\b"
    r"|\bwhat(?:'s| is| does)? (?:this|the) (?:document|file|text|paper|letter|contract|report|page|pdf|article)\b.{0,12}\b(?:about|say)\b|\bwhat(?:'s|’s| is) (?:this|it) (?:all )?about\b"
    r"|\bzusammenfass\w*|\bfass\w*\b.{0,60}\bzusammen\b|\büberblick\b|\bworum geht\b|\brésum\w*|\bpoints (?:clés?|essentiels|principaux)\b|\bpuntos (?:clave|principales)\b|\bde quoi (?:parle|s'agit)|\bresum\w*|\bde qué (?:trata|va)\b"
    r"|要約|まとめ|概要|要点|何について|总结|總結|概括|摘要|大意|요약|لخص|ملخص|تلخيص",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"\b(?:in|of|from|according to|does|did) the (?:summary|abstract|overview)\b|\b(?:how (?:many|much|long)|when|who|where|why)\b",
    re.IGNORECASE,
)


def classify_intent(request: str) -> Intent:
    """A wh-question about a fact stays a question even when it names a summary."""
    if _SUGGEST.search(request) and not re.search(r"\b(?:in question|questionnaire)\b", request, re.IGNORECASE):
        return "suggest"
    if _SUMMARIZE.search(request) and not (_FACT.search(request) and request.rstrip().endswith("?")):
        return "summarize"
    return "ask"
