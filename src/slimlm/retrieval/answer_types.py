"""Does a text hold something of the kind that a question asks for (a date, an amount, a name)? And where?

Patterns, not a model: they serve ranking, refusal, and the choice of the words that answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

AnswerType = Literal["number", "money", "percent", "date", "time", "duration", "person", "place", "reason"]

_MONTH = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|février|mar(?:ch|s)?|märz|apr(?:il)?|avril|mai|may|jun[ei]?|juin|jul[iy]?|juillet|"
    r"aug(?:ust)?|août|sep(?:t|tember|tembre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|de[cz](?:ember)?|décembre|enero|febrero|marzo|"
    r"abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|يناير|فبراير|مارس|أبريل|مايو|يونيو|يوليو|أغسطس|سبتمبر|أكتوبر|"
    r"نوفمبر|ديسمبر)"
)
_COUNT = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fourteen|fifteen|eighteen|twenty|thirty|forty|sixty|ninety"
    r"|eine[mnrs]?|ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|vierzehn|zwanzig|dreißig"
    r"|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|douze|quinze|vingt|trente|quarante|soixante"
    r"|una?|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|quince|veinte|treinta|cuarenta|sesenta|noventa"
    r"|\d+(?:[.,]\d+)?)"
)
_UNIT = r"(?:(?:business |working |calendar )?days?|weeks?|months?|years?|hours?|minutes?|seconds?|tagen?|wochen?|monaten?|jahren?|stunden?|minuten|jours?|semaines?|mois|ans?|années?|heures?|días?|semanas?|mes(?:es)?|años?|horas?|fortnight)"

_PATTERNS: dict[AnswerType, re.Pattern[str]] = {
    "money": re.compile(
        r"\b\d+(?:\.\d+)?p\b|\b\d{1,3}(?:[.,]\d{3}){0,8}[.,]\d{2}\b(?!\s?%)|\b\d[\d.,]{0,24}\s?(?:crowns?|kroner|krone|rupees?|pesos?|reais|dinars?|dirhams?|ديناراً?|دينار)|(?:[$€£¥₹₩]|\b(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|SEK|NOK|DKK|INR|Rs\.?|kr)\b)\s?\d[\d.,'’ ]{0,24}\d?(?:\s?(?:million|billion|thousand|m|bn|k)\b)?"
        r"|\d[\d.,'’]{0,24}\s?(?:[$€£¥₹₩]|(?:USD|EUR|GBP|CHF|JPY|CAD|AUD|SEK|NOK|DKK|dollars?|euros?|pounds?|cents?|francs?|pence|kronor|riyals?)\b|円|元|원|ريال|درهم|دينار|جنيه)",
        re.IGNORECASE,
    ),
    "percent": re.compile(r"\d+(?:[.,]\d+)?\s?(?:%|％|per ?cent|prozent|pour ?cent|por ciento|パーセント|في المئة|بالمئة)", re.IGNORECASE),
    "date": re.compile(
        rf"\b\d{{1,2}}(?:st|nd|rd|th|er|\.)?\s+(?:of |de )?{_MONTH}\b\.?(?:,?\s+(?:de )?\d{{4}})?|\b{_MONTH}\b\.?\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{4}})?\b"
        rf"|\b{_MONTH}\b\.?,?\s+(?:de )?\d{{4}}\b|\b\d{{4}}-\d{{2}}-\d{{2}}\b|\b\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}\b|\d{{1,4}}\s?年(?:\s?\d{{1,2}}\s?月)?(?:\s?\d{{1,2}}\s?日)?"
        r"|\d{1,2}\s?月\s?\d{1,2}\s?日|\d{4}년|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:1[5-9]|20)\d{2}\b|\b(?:first|last|\d{1,2}(?:st|nd|rd|th)) (?:working |business )?day\b"
        rf"|\b(?:spring|summer|autumn|winter|january|february|march|april|june|july|august|september|october|november|december)\b|\b(?:within|before|after|until|by)\b.{{0,25}}\b{_UNIT}\b"
        r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miércoles|jueves|viernes|sábado|domingo)s?\b|毎月|月末|曜日|星期|周[一二三四五六日]|以内|يوم|\b(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last)\b.{0,20}\bday\b",
        re.IGNORECASE,
    ),
    "time": re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\b\d{1,2}\s?(?:[ap]\.?m\.?|uhr|o'clock)\b|\bnoon\b|\bmidnight\b|\d{1,2}\s?[時时点点]|오전|오후", re.IGNORECASE),
    "duration": re.compile(
        rf"\b{_COUNT}(?:\s?\(\d+\))?[\s-]+{_UNIT}\b|\d+\s?(?:日間?|週間|か月|ヶ月|年間?|時間|分間?|天|个月|年|小时|分钟|일|개월|년|시간)|\b(?:an?|half an?) (?:day|week|month|year|hour|minute)\b|شهر|أشهر|يوم|أيام|سنة|سنوات|ساعة|ساعات|indefinite|\b\d{1,2}:\d{2}\b|\b(?:until|bis zum|hasta el|jusqu)\b",
        re.IGNORECASE,
    ),
    "number": re.compile(rf"\d|\b{_COUNT}\b|[一二三四五六七八九十百千万]|\b(?:once|twice|daily|weekly|monthly|quarterly|annually|yearly|half|none|single|both)\b", re.IGNORECASE),
    "person": re.compile(
        r"\b(?:Mr|Mrs|Ms|Dr|Prof|Sir|Herr|Frau|M\.|Mme|Sr|Sra)\.?\s+[^\W\d_a-z]\w+|(?<![.!?]\s)(?<!^)\b[^\W\d_a-z][^\W\d_]+(?:\s+(?:de|van|von|der|da|bin|al)?\s?[^\W\d_a-z][\w'’.-]+)+"
        r"|[\u4e00-\u9fff]{2,4}(?:さん|様|氏|先生|女士|部長|課長|社長|主任|经理|씨|님)|[\u4e00-\u9fff]|[\uac00-\ud7af]|[\u0600-\u06ff]"
        r"|\b(?:the )?(?:tenant|landlord|lender|borrower|employer|employee|supplier|customer|client|contractor|buyer|seller|licensor|licensee|manager|director|secretary|chair(?:man|woman|person)?|treasurer|president|committee|board|engineer|technician|parent|owner|agent|council|company|party|parties|team|author|user|operator|officer|department|staff|member)s?\b|\b[A-Z][a-z]+\b",
    ),
    "place": re.compile(r"(?<!^)\b[^\W\d_a-z]\w+|\b(?:room|floor|street|road|avenue|office|building|hall|address|cupboard|cabinet|basement|kitchen|garage|panel|left|right|behind|under|above|below|beside|near|inside|front|back|bottom|top)\b|[市区町県省路街]|في"),
    "reason": re.compile(r"\b(?:because|since|due to|owing to|so that|in order to|as a result|therefore|caused|reason|to (?:avoid|prevent|ensure|protect|reduce|keep|allow|make)|weil|da|denn|damit|um|parce que|car|afin|pour|porque|para|debido)\b|ため|ので|から|因为|由于|때문|لأن|بسبب", re.IGNORECASE),
}  # fmt: skip


def has_type(text: str, kind: AnswerType) -> bool:
    """True when ``text`` holds something of this kind."""
    return _PATTERNS[kind].search(text) is not None


def spans_of_type(text: str, kind: AnswerType) -> Iterator[tuple[int, int]]:
    """Where ``text`` holds something of this kind."""
    for match in _PATTERNS[kind].finditer(text):
        if match.end() > match.start():
            yield match.start(), match.end()
