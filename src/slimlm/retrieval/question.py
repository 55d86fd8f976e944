"""What a question asks for: the kind of its answer, whether it needs the whole document, and its content terms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from slimlm.retrieval.answer_types import AnswerType
from slimlm.retrieval.language import detect_language
from slimlm.retrieval.words import terms

Scope = Literal["single", "all"]


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    terms: tuple[str, ...]  # content terms in order, without the words that only ask
    expects: AnswerType | None  # None: any kind of answer fits
    scope: Scope
    language: str


# In order: the first pattern that matches decides. Several languages share a line where the idea is one.
_EXPECTS: tuple[tuple[AnswerType, str], ...] = (
    ("percent", r"\b(what|which) (percent\w*|proportion|share)\b|\bhow many percent|\b(?:what|which) (?:\w+ ){0,2}(?:interest|interest rate)\b|\bat what rate\b|wie viel prozent|quel pourcentage|qué porcentaje|何パーセント|何割|百分之几|百分比|نسبة"),
    ("duration", r"\bhow long\b|\bhow many (days?|weeks?|months?|years?|hours?|minutes?)\b|\bwhat (is the )?(period|duration|term length)\b|\bwie lange\b|combien de temps|\bquelle durée|cuánto tiempo|何日間|何年間|何か月|何ヶ月|多长时间|多久|얼마나 오래|كم (يوما|شهرا|سنة|مدة)"),
    ("money", r"\bhow much (money|does|do|did|is|are|was|were|will|would|must|should|has|have|rent|can)\b.*|\b(what|which) (is|was|are|were) the (\w+ ){0,3}(price|cost|fee|fees|rent|salary|pay|wage|deposit|amount|budget|charge|premium|fine|penalty|total)\b|\b(?:what|which) (?:\w+ ){0,3}(?:price|fee|fees|salary|fine|penalty|deposit|premium|sum|budget|discount|surcharge|compensation)\b|\bwhat (?:does|do|did|will|would|is|was)\b.{0,60}\b(?:cost|costs|charge|charged|earn|paid)\b|\bhow expensive\b|\bwas kostet|\bwie hoch (ist|sind)\b|\bcombien (coûte|d'euros)|\bcuánto (cuesta|es el|cobra)|いくら|料金は|多少钱|费用是|얼마|كم (يبلغ|سعر|تكلفة|قيمة)"),
    ("time", r"\b(at )?what time\b|\bum wie viel uhr|à quelle heure|a qué hora|何時|几点|몇 시|في أي ساعة"),
    ("date", r"\bwhen\b|\b(what|which|on what|by what) (date|day|year|month)\b|\bdeadline\b|\bwann\b|\bab wann\b|\bquand\b|\bquelle date|\bcuándo\b|\bqué (fecha|día)|いつ|何月何日|何年|什么时候|何时|哪一天|언제|متى|تاريخ"),
    ("person", r"\bwho\b|\bwhose\b|\bwhom\b|\bwer\b|\bwem\b|\bwen\b|\bqui (est|a|doit|sont|peut|était|signe)|\bquién(es)?\b|誰|だれ|谁|누가|누구|من (هو|هي|هم|الذي)"),
    ("place", r"\bwhere\b|\b(what|which) (city|town|country|place|address|street|room|building|floor)\b|\bwo\b|\bwohin\b|\boù\b|\bdónde\b|どこ|哪里|何处|어디|أين"),
    ("number", r"\bhow (many|large|big|tall|high|heavy|wide|deep|fast|far|old|hot|cold|often|much)\b|\b(what|which) (is the )?(number|size|weight|temperature|capacity|ratio|percentage|voltage|score)\b|\bwie (viele?|groß|hoch|schwer|oft|alt|weit)\b|\bcombien\b|\bcuánt[oa]s?\b|いくつ|何人|何個|何台|何回|何度|多少|几个|几次|몇|كم"),
    ("reason", r"\bwhy\b|\bfor what reason|\bwhat (caused|is the reason)|\bwarum\b|\bweshalb\b|\bpourquoi\b|\bpor qué\b|なぜ|どうして|理由|为什么|왜|لماذا"),
)  # fmt: skip

_ALL = re.compile(
    r"\b(?:what|which|who) (?:are the )?(?:two|three|four|five|six)\b|\b(?:which|what) \w*[^s\s]s (?:do|does|did|are|were|have|can|may|use|uses|receive|receives)\b|\bwho (?:attended|was present|were present|took part|turned up|came)\b|\b(list|name|enumerate)\b.*\b(all|every|each|the)\b|\bwhat are (all )?the\b|\bwho are (all )?the\b|\bhow many (different )?"
    r"(people|persons|parties|items|sections|clauses|articles|times|members|speakers|participants|attendees|products|steps|"
    r"reasons|conditions|risks|sites|samples|kinds|types|options|rooms|bedrooms)\b|\bwhich (of the )?\w+s\b.*\b(are|were|have|did)\b|"
    r"\b(all|every) (of )?(the|its)\b|\bparties\b|\beach of the\b|\bnenne(n)? (sie )?(alle|die)\b|\bwelche\b.*\bgibt es\b|"
    r"\bwer sind die\b|\bquels sont\b|\bquelles sont\b|\bcuáles son\b|\bquiénes son\b|すべて|全て|一覧|列出|哪些|所有|모두|모든|جميع|ما هي",
    re.IGNORECASE,
)

# Words that ask rather than describe: they would otherwise search for themselves.
_ASKING = frozenset(
    terms(
        "amount number date name kind type list many much long people person mentioned stated described happens happen "
        "all every each both mean means called does need needs want allowed supposed able exactly following"
    )
)


# Questions about a section, in the document's own language: suggested where no model can write better ones.
_ABOUT: dict[str, str] = {
    "en": "What does the document say about “{}”?",
    "de": "Was steht im Dokument zu „{}“?",
    "fr": "Que dit le document au sujet de « {} » ?",
    "es": "¿Qué dice el documento sobre «{}»?",
    "it": "Che cosa dice il documento su «{}»?",
    "pt": "O que diz o documento sobre «{}»?",
    "nl": "Wat staat er in het document over ‘{}’?",
    "ja": "「{}」について何と書かれていますか？",
    "zh": "文件中关于“{}”是怎么说的？",
    "ko": "“{}”에 대해 문서에 무엇이라고 되어 있나요?",
    "ar": "ماذا تقول الوثيقة عن «{}»؟",
    "ru": "Что говорится в документе о «{}»?",
}
_ABOUT_TITLE = re.compile("|".join(re.escape(p).replace(re.escape("{}"), "(.+?)") for p in _ABOUT.values()))


def ask_about(title: str, language: str) -> str:
    """A question about the section ``title`` in ``language`` (English for languages without a pattern)."""
    return _ABOUT.get(language, _ABOUT["en"]).format(title)


def about_title(text: str) -> str:
    """The title that ``ask_about`` put into ``text``; "" for any other question."""
    match = _ABOUT_TITLE.fullmatch(text.strip())
    return next((group for group in match.groups() if group), "") if match else ""


def bare_title(title: str) -> str:
    """A heading without its number: "3.2 Term" -> "Term"."""
    return title.lstrip("0123456789.()§ ").strip(" :.-")


def _expected(lowered: str) -> AnswerType | None:
    """The question word that comes first decides ("Who voted no when ..." asks for a person)."""
    found = [(m.start(), n, kind) for n, (kind, pattern) in enumerate(_EXPECTS) if (m := re.search(pattern, lowered))]
    return min(found)[2] if found else None


def read_question(text: str) -> Question:
    """Analyse ``text``. Never fails: an unknown language gives a question that only has terms."""
    content = terms(text)
    kept = tuple(t for t in content if t not in _ASKING) or tuple(content)
    lowered = text.lower()
    expects = _expected(lowered)
    scope: Scope = "all" if _ALL.search(lowered) else "single"
    return Question(" ".join(text.split()), kept, expects, scope, detect_language(text))
