"""Function words and number words of the languages that search treats by word. Folded: lower case, no accents."""

from __future__ import annotations

STOP_WORDS_BY_LANGUAGE: dict[str, frozenset[str]] = {
    "en": frozenset(
        "a an the and or but if of to in on at by for from with without as is are was were be been being am do does did "
        "done has have had having it its this that these those there here he she they them their his her him we us our "
        "you your i me my mine who whom whose which what when where why how can could shall should will would may might "
        "must not no nor so than then too very s t just about into over under again any both each few more most other "
        "some such only own same up down out off also per via upon within please tell give get say says said according "
        "document text much many long often far old kind sort exactly actually".split()
    ),
    "de": frozenset(
        "der die das den dem des ein eine einer eines einem einen und oder aber wenn von zu zum zur im in an am auf bei "
        "mit ohne als ist sind war waren sein wird werden wurde wurden hat haben hatte hatten es er sie wir ihr ich du "
        "nicht kein keine auch nur noch schon so wie was wer wo wann warum welche welcher welches welchem welchen dass "
        "durch fur um aus nach uber unter vor bis sich man kann konnen darf muss soll sollen diese dieser dieses viel "
        "viele lange hoch".split()
    ),
    "fr": frozenset(
        "le la les l un une des de du d et ou mais si au aux a en dans sur par pour avec sans comme est sont etait "
        "etaient etre ete sera seront ont avait il elle ils elles nous vous je tu on se s ne n pas plus aussi que qu qui "
        "quoi dont quel quelle quels quelles quand comment pourquoi combien ce cet cette ces son sa ses leur leurs "
        "peut doit y t-il est-ce".split()
    ),
    "es": frozenset(
        "el la los las un una unos unas y o u pero si de del a al en con sin por para como es son era eran ser sido sera "
        "seran ha han habia hay lo le les se su sus nos que quien quienes cual cuales cuando donde cuanto cuanta cuantos "
        "cuantas porque no mas tambien este esta estos estas ese esa puede debe".split()
    ),
    "it": frozenset(
        "il lo la i gli le un uno una e o ma se di del della dei delle da dal dalla in nel nella con senza su per come e "
        "sono era erano essere stato ha hanno si non anche che chi cui quale quali quando dove quanto quanti perche "
        "questo questa questi queste suo sua puo deve".split()
    ),
    "pt": frozenset(
        "o a os as um uma uns umas e ou mas se de do da dos das ao aos pelo pela pelos pelas cada em no na nos nas com sem por para como e sao era eram ser "
        "sido ha tem nao mais tambem que quem qual quais quando onde quanto quantos porque este esta estes estas seu sua "
        "pode deve".split()
    ),
    "nl": frozenset(
        "de het een en of maar als van te in op aan bij met zonder is zijn was waren worden wordt werd heeft hebben het "
        "hij zij we wij u ik niet geen ook nog dan dat die dit deze wie wat waar wanneer waarom hoe welke hoeveel door "
        "voor om uit naar over onder tot kan mag moet zal".split()
    ),
}

# Function words of other languages that carry meaning in English.
_ENGLISH_CONTENT = frozenset("die war man mine son era ore plus hay ten sera nos dos die het dit den hat".split())

STOP_WORDS: frozenset[str] = STOP_WORDS_BY_LANGUAGE["en"] | (
    frozenset().union(*STOP_WORDS_BY_LANGUAGE.values()) - _ENGLISH_CONTENT
)

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()

NUMBER_WORDS: dict[str, str] = (
    {word: str(i) for i, word in enumerate(_UNITS)}
    | {word: str(10 * i) for i, word in enumerate(_TENS, 2)}
    | {"twice": "2", "dozen": "12", "hundred": "100", "thousand": "1000"}
)
