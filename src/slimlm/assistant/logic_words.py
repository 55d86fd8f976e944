"""The small words that carry the logic of a sentence: who may, who must, how many, until when, by whom.

Grounding compares them between a claim and the words it was taken from. Tables only; no document is known here.
Words are folded (lower case, no accents). English for the most part: generated text is shown only in languages that
the model speaks, and all others are quoted.
"""

from __future__ import annotations


def _table(groups: dict[str, str]) -> dict[str, str]:
    return {word: name for name, listed in groups.items() for word in listed.split()}


# A claim must have the same operators in the same places. Two words of one group say the same.
OPERATORS = _table(
    {
        "not": "not no never none nor neither cannot without nothing nobody nowhere hardly barely scarcely rarely seldom "
        "non nicht kein keine keinen keiner nie ohne pas jamais sans aucun aucune nunca sin ningun ninguna",
        "possible": "may might can could cannot perhaps possibly maybe potentially kann konnen darf peut peuvent puede",
        "must": "must shall muss mussen doit doivent debe deben",
        "should": "should ought soll sollte",
        "will": "will wird werden",
        "would": "would",
        "all": "all every each any both always everyone everybody alle jeder jede jedes tous toutes chaque todos cada",
        "some": "some several certain somebody someone einige quelques algunos",
        "most": "most mostly mainly largely chiefly",
        "many": "many",
        "few": "few",
        "half": "half",
        "only": "only solely exclusively merely just nur seulement solo",
        "more": "more",
        "less": "less fewer",
        "least": "least",
        "other": "other others another",
        "about": "about approximately approx around roughly nearly almost circa",
        "likely": "likely probably seemingly apparently supposedly allegedly reportedly presumably",
        "usual": "usually normally generally typically ordinarily commonly",
        "sometimes": "sometimes occasionally often frequently",
        "for now": "temporarily provisionally partly partially",
        "or": "or either oder ou",
    }
)
DROPPABLE = frozenset({"all"})  # may be left out ("all employees" -> "employees"), never added

# Any of a group in the words that a claim was taken from must also be in the claim, and the other way round.
CONDITIONS = _table(
    {
        "if": "if when whenever where wherever provided providing once assuming wenn falls sofern si cuando quand lorsque",
        "unless": "unless except excepting excluding otherwise save ausser sauf excepto",
        "until": "until till bis",
        "within": "within",
        "subject": "subject",
    }
)

# Which way something goes. Compared directly in front of a word.
DIRECTIONS = frozenset(
    "to from by over under above below up down off out against onto into toward towards through between upon since before "
    "after until till via than per with without about".split()
)
PREPOSITIONS = DIRECTIONS | frozenset("of for in at on as like near".split())

# Somebody's opinion, plan or report: what follows is not stated as a fact.
VEILS = frozenset(
    "according claim claims claimed say says said argue argues argued allege alleges alleged believe believes believed "
    "suggest suggests suggested propose proposes proposed plan plans planned intend intends intended hope hopes hoped "
    "want wants wanted aim aims aimed consider considers considered considering recommend recommends recommended request "
    "requests requested ask asks asked deny denies denied promise promises promised offer offers offered assume assumes "
    "assumed seem seems seemed appear appears appeared expect expects expected estimate estimates estimated predict "
    "predicts predicted forecast forecasts attempt attempts attempted try tries tried fail fails failed refuse refuses "
    "refused doubt doubts doubted whether think thinks thought reject rejects rejected prohibited forbidden false wrong "
    "untrue unlikely impossible unclear unknown disputed dispute disputes hypothetical discuss discussed rumour rumoured "
    "stop stops stopped prevent prevents prevented avoid avoids avoided cease ceases ceased unable lack lacks decline "
    "declines declined".split()
)
# In front of a noun, these make it another thing.
MODIFIERS = frozenset(
    "former previous deputy acting vice assistant draft average mean median net gross minimum maximum annual monthly weekly "
    "daily hourly quarterly yearly partial additional extra optional interim provisional temporary joint potential possible "
    "alternative unaudited preliminary initial final total first second third last next pre post anti ex quasi pseudo fake "
    "counterfeit self half double".split()
)

PAST = frozenset("was were had".split())
PRESENT = frozenset("is are has have am".split())
BE = frozenset("is are was were be been being am".split())
DETERMINERS = frozenset(
    "the a an his her its their our your my this that these those each every any all some no he she it they we you".split()
)
COORDINATORS = frozenset(
    "and but while whereas whilst yet or who whose whom which that und aber et mais y pero".split()
)
RELATIVES = frozenset("who whose whom which".split())
AUXILIARIES = PAST | PRESENT | frozenset("shall must may can will should".split())
# Behind the last word of a claim, these begin what narrows it: "free for guests", "deposits above EUR 5,000".
NARROWING = frozenset("for of as that who whose which whom".split())
NARROWING_FIGURES = frozenset("over under above below without than".split())
TITLES = frozenset("mr mrs ms miss dr prof professor sir herr frau mme m".split())
# Without a plural s.
TIMES = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday weekday weekend holiday spring summer autumn winter january "
    "february march april may june july august september october november december morning evening night".split()
)
LEADING = frozenset(CONDITIONS) | frozenset(
    "on in at after before from during for by upon as since under because".split()
)

# "at least 5", "5 or more": what a figure bounds. Longer wordings first.
BOUNDS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("not", "less", "than"), ">="), (("no", "less", "than"), ">="), (("not", "fewer", "than"), ">="),
    (("no", "fewer", "than"), ">="), (("not", "more", "than"), "<="), (("no", "more", "than"), "<="),
    (("not", "exceed"), "<="), (("not", "exceeding"), "<="), (("not", "later", "than"), "<="),
    (("no", "later", "than"), "<="), (("not", "earlier", "than"), ">="), (("no", "earlier", "than"), ">="),
    (("not", "over"), "<="), (("not", "under"), ">="), (("not", "below"), ">="), (("not", "above"), "<="),
    (("at", "least"), ">="), (("at", "most"), "<="), (("at", "minimum"), ">="), (("at", "maximum"), "<="),
    (("up", "to"), "<="), (("minimum", "of"), ">="), (("maximum", "of"), "<="), (("minimum",), ">="), (("maximum",), "<="),
    (("more", "than"), ">"), (("greater", "than"), ">"), (("higher", "than"), ">"), (("longer", "than"), ">"),
    (("older", "than"), ">"), (("less", "than"), "<"), (("fewer", "than"), "<"), (("lower", "than"), "<"),
    (("smaller", "than"), "<"), (("shorter", "than"), "<"), (("younger", "than"), "<"), (("exceed",), ">"),
    (("exceeds",), ">"), (("exceeding",), ">"), (("over",), ">"), (("above",), ">"), (("under",), "<"), (("below",), "<"),
    (("about",), "~"), (("approximately",), "~"), (("approx",), "~"), (("around",), "~"), (("roughly",), "~"),
    (("nearly",), "~"), (("almost",), "~"), (("circa",), "~"), (("some",), "~"), (("only",), "only"), (("just",), "only"),
    (("exactly",), "="),
)  # fmt: skip
BOUNDS_AFTER: tuple[tuple[tuple[str, ...], str], ...] = (
    (("or", "more"), ">="), (("or", "over"), ">="), (("or", "above"), ">="), (("or", "older"), ">="),
    (("or", "less"), "<="), (("or", "fewer"), "<="), (("or", "under"), "<="), (("or", "below"), "<="),
    (("or", "younger"), "<="), (("at", "least"), ">="), (("at", "most"), "<="),
)  # fmt: skip
# What a figure is a figure of: it cannot be cut off.
SCALES = frozenset(
    "million billion trillion thousand hundred dozen percent per each every bc bce am pm times fold plus minus k m bn".split()
)
SCALE_MARKS = frozenset("%‰°/–")
ROLE_ENDINGS = ("er", "or", "ee", "ian", "ist", "ant")
