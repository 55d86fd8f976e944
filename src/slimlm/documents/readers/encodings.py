"""Bytes -> text, in whatever encoding they were written.

Byte order marks and UTF-8 decide alone. Without them every plausible encoding is tried on a sample and its reading is
scored as language: are the non-ASCII characters letters of *one* language, in the case and the neighbourhood in which
that language uses them? This decides short texts, where frequency statistics (charset-normalizer) guess; those are
asked only when no reading convinces.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

_SAMPLE_BYTES = 1 << 13  # scoring costs about 30 µs a byte over all candidates
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: it begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Codecs that pages name; Python has others, some of which are no character encodings at all.
_WEB_FAMILIES = tuple("utf-8 iso8859 iso2022 cp koi8 gb big5 euc shift mac johab tis hz".split())
_CONVINCING = 0.55
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f]")

# Letters beyond ASCII of languages, for encodings of Latin script. A reading must be covered by one language.
_WEST = tuple("äöüß éèêëàâçîïôœùûüÿæ áéíóúüñªº áâãàçéêíóôõúü àèéìòùî åäöæøéü áéíóúýþðæö ëïéèöüáó àçèéíïòóúü".split())
_CENTRAL = tuple(
    "ąćęłńóśźż áčďéěíňóřšťúůýž áäčďéíĺľňóôŕšťúýž áéíóöőúüű ăâîşţ čćđšž äöüßé".split()
)  # Polish, Czech, Slovak, Hungarian, Romanian, South Slavic, German
_TURKISH = ("çğıöşüi̇âî",)
_BALTIC = tuple("ąčęėįšųūž āčēģīķļņšūž äõöüšž".split())
_VIETNAMESE = ("àáâãèéêìíòóôõùúýăđơư",)
# The most frequent characters of running text.
_CHINESE = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种"
    "事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此"
    "這個們來為國說時會對於過發後裡經麼學現當沒動還進樣開從實無與長機及或合約條款甲乙方應按本契約"
)
_KOREAN = frozenset("이다의는에을를가고하지도로한은자기리대사어인서해시나제수그일아정여들있으게과보스니")
_TYPOGRAPHY = frozenset("‘’“”„‚–—…•«»‹›€£¥§©®™°±·×÷¿¡¼½¾²³¹µ†‡№\u00a0\u00ad‐−、。「」『』（），：；？！《》・々ー〜～")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An encoding, how its script is judged, and a small handicap: commoner encodings win ties."""

    encoding: str
    script: str  # latin, cyrillic, greek, hebrew, arabic, thai, japanese, korean, chinese
    handicap: float = 0.0
    languages: tuple[str, ...] = ()


_CANDIDATES = (
    _Candidate("cp1252", "latin", 0.0, _WEST),
    _Candidate("cp932", "japanese", 0.01),
    _Candidate("gb18030", "chinese", 0.01),
    _Candidate("big5", "chinese", 0.02),
    _Candidate("euc_jp", "japanese", 0.01),
    _Candidate("cp949", "korean", 0.01),
    _Candidate("cp1251", "cyrillic", 0.01),
    _Candidate("koi8_u", "cyrillic", 0.02),
    _Candidate("cp1250", "latin", 0.03, _CENTRAL),
    _Candidate("iso8859_2", "latin", 0.04, _CENTRAL),
    _Candidate("cp1254", "latin", 0.04, _TURKISH),
    _Candidate("iso8859_15", "latin", 0.04, _WEST),
    _Candidate("cp1253", "greek", 0.02),
    _Candidate("iso8859_7", "greek", 0.03),
    _Candidate("cp1255", "hebrew", 0.02),
    _Candidate("cp1256", "arabic", 0.03),
    _Candidate("cp874", "thai", 0.05),
    _Candidate("cp1257", "latin", 0.06, _BALTIC),
    _Candidate("cp1258", "latin", 0.08, _VIETNAMESE),
    _Candidate("mac_roman", "latin", 0.06, _WEST),
    _Candidate("cp850", "latin", 0.07, _WEST),
    _Candidate("cp852", "latin", 0.12, _CENTRAL),
    _Candidate("cp866", "cyrillic", 0.05),
    _Candidate("iso8859_5", "cyrillic", 0.05),
    _Candidate("mac_cyrillic", "cyrillic", 0.1),
)


def decode(data: bytes, declared: str | None = None) -> str:
    """The text of ``data``. Never fails: bytes that no encoding explains become U+FFFD.

    ``declared``: an encoding that the format names (HTML's meta element); believed if the bytes allow it.
    """
    encoding = detect_encoding(data, declared)
    return data.decode(encoding, errors="replace").removeprefix("\ufeff")


def detect_encoding(data: bytes, declared: str | None = None) -> str:
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name
    if wide := _utf16_or_32(data[:4096]):
        return wide
    if b"\x1b" in data and re.search(rb"\x1b(?:\$[@AB]|\$\([CD]|\([BJ])", data[:_SAMPLE_BYTES]):
        return "iso2022_jp_ext"
    if named := _usable(declared, data):
        return named
    if _is_utf8(data):
        controls = len(_CONTROLS.findall(data[:4096]))
        return (controls * 10 > min(len(data), 4096) and _wide_without_zeros(data[:4096])) or "utf-8"
    sample = _sample(data)
    best, score = max(((c.encoding, _score(sample, c)) for c in _CANDIDATES), key=lambda pair: pair[1])
    if score < _CONVINCING and (wide := _wide_without_zeros(data[:4096])):
        return wide
    if score >= _CONVINCING:
        return best
    guess = from_bytes(sample).best()
    return guess.encoding if guess is not None and score < 0.3 else best


def _usable(declared: str | None, data: bytes) -> str | None:
    """What a page declares, as browsers read it: Latin-1 means Windows-1252; what the bytes contradict is dropped."""
    if not declared:
        return None
    try:
        name = codecs.lookup(declared.strip().strip("\"'")).name
        aliases = {
            "iso8859-1": "cp1252",
            "ascii": "cp1252",
            "gb2312": "gb18030",
            "gbk": "gb18030",
            "shift_jis": "cp932",
        }
        name = aliases.get(name, name)
        if not name.startswith(_WEB_FAMILIES):
            return None
        codecs.getincrementaldecoder(name)("strict").decode(data[: 1 << 20], False)
    except (LookupError, ValueError, TypeError, AttributeError):
        return None
    if name == "cp1252" and not data.isascii() and _is_utf8(data):
        return "utf-8"  # a page that declares Latin-1 and is UTF-8: the bytes are right
    return name


def _utf16_or_32(head: bytes) -> str | None:
    """Encodings without a byte order mark, by where their zero bytes stand."""
    nulls = head.count(0)
    if nulls < 1 or len(head) < 4:
        return None
    quads = len(head) // 4
    by_place = [head[i : quads * 4 : 4].count(0) for i in range(4)]
    if quads and by_place[2] >= 0.9 * quads and by_place[3] == quads and by_place[0] < quads / 2:
        return "utf-32-le"
    if quads and by_place[1] >= 0.9 * quads and by_place[0] == quads and by_place[3] < quads / 2:
        return "utf-32-be"
    even, odd = head[::2].count(0), head[1::2].count(0)
    for name, high, low in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        # Latin text: half of all bytes; ideographs: only spaces and line ends, but never at the other place.
        if high > 8 * low and (high >= 0.6 * (len(head) // 2) or _reads_well(head, name)):
            return name
    return None


def _wide_without_zeros(head: bytes) -> str | None:
    """UTF-16 without a byte order mark and without one ASCII character: a few words of another script."""
    if len(head) < 4 or len(head) % 2:
        return None
    for name in ("utf-16-le", "utf-16-be"):
        if not _reads_well(head, name):
            continue
        text = head.decode(name, errors="replace")
        worth = max(sum(_east_worth(c, script) for c in text) for script in _EAST) / len(text)
        if worth > 0.5 or (len({ord(c) >> 8 for c in text}) == 1 and text[0] < "\u2000"):
            return name
    return None


def _reads_well(head: bytes, name: str) -> bool:
    text = codecs.getincrementaldecoder(name)("replace").decode(head[: len(head) // 2 * 2], False)
    good = sum(c.isalnum() or c.isspace() or c in _TYPOGRAPHY or " " < c < "\x7f" for c in text)
    return good >= 0.95 * len(text) and "\ufffd" not in text


def _is_utf8(data: bytes) -> bool:
    """Valid, or valid but for a few damaged bytes or a cut end, with far more good sequences than bad ones."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return True
    text = data[: 1 << 20].decode("utf-8", errors="replace")
    bad = text.count("\ufffd")
    good = len(text) - bad - sum(map(str.isascii, text))
    return good > 20 * bad


def _sample(data: bytes) -> bytes:
    """Up to 8 KiB that hold non-ASCII bytes: the beginning, or else the lines that do."""
    head = data[:_SAMPLE_BYTES]
    n_high = len(head) - len(head.translate(None, bytes(range(128, 256))))
    if n_high >= 200 or len(data) == len(head):
        return head
    lines: list[bytes] = []
    size = 0
    for match in re.finditer(rb"[^\n]{0,2000}[\x80-\xff][^\n]{0,2000}", data):
        lines.append(match.group())
        size += len(lines[-1])
        if size > _SAMPLE_BYTES:
            break
    return b"\n".join(lines)[:_SAMPLE_BYTES]


def _score(sample: bytes, candidate: _Candidate) -> float:
    """1: every non-ASCII character is where its language wants it; 0 or less: nonsense."""
    decoder = codecs.getincrementaldecoder(candidate.encoding)
    try:
        text = decoder("strict").decode(sample, False)
    except UnicodeDecodeError as error:
        if candidate.script in _EAST or error.start < 0:
            text = decoder("replace").decode(sample, False)
            if text.count("\ufffd") > len(sample) // 2000:  # long texts may hold a damaged character
                return -1.0
        else:
            text = decoder("replace").decode(sample, False)
    high = [i for i, c in enumerate(text) if c > "\x7f"]
    if not high:
        return -1.0
    if candidate.script in _EAST:
        return _score_east(text, high, candidate.script) - candidate.handicap
    if candidate.script == "latin":
        return max(_score_letters(text, high, frozenset(x)) for x in candidate.languages) - candidate.handicap
    return _score_letters(text, high, None, candidate.script) - candidate.handicap


_EAST = {"japanese", "korean", "chinese"}
_RANGES = {
    "cyrillic": ("\u0400", "\u045f"),
    "greek": ("\u0386", "\u03ce"),
    "hebrew": ("\u05d0", "\u05ea"),
    "arabic": ("\u0621", "\u0652"),
    "thai": ("\u0e01", "\u0e5b"),
}
_CYRILLIC_COMMON = frozenset("оеаинтсрвлкмдпуяыьз")
_CYRILLIC_RARE = frozenset("ѓѕќџђћљњјў")
_THAI_COMMON = frozenset("านรกอเงมยลวดทสตะปบคหแพชขไโจถใผศซธ") | {chr(c) for c in range(0x0E30, 0x0E4F)}
_HEBREW_FINAL = frozenset("ךםןףץ")
_HEBREW_NOT_FINAL = frozenset("כמנצ")


def _score_letters(text: str, high: list[int], letters: frozenset[str] | None, script: str = "latin") -> float:
    """Mean worth of the non-ASCII characters, each judged with its neighbours."""
    low, top = _RANGES.get(script, ("", ""))
    total = 0.0
    for i in high:
        char = text[i]
        before = text[i - 1] if i else " "
        after = text[i + 1] if i + 1 < len(text) else " "
        known = char.lower() in letters if letters is not None else low <= char <= top
        if char in _TYPOGRAPHY:
            total += _typography_worth(char, before, after)
        elif known:
            total += _letter_worth(char, before, after) if letters is not None else _script_worth(char, before, after)
        elif char.isalpha() and letters is not None and "\u00c0" <= char <= "\u017f":
            total += 0.25 if char.islower() else -0.2  # a foreign name's letter
        else:
            total -= 1.0
    return total / len(high)


def _typography_worth(char: str, before: str, after: str) -> float:
    if char in "²³" and (before.isalpha() or before.isdigit()) and not after.isalpha():
        return 1.0
    # Punctuation inside a word is a letter of another encoding; an apostrophe is not.
    inside = before.isalpha() and after.isalpha() and char not in "’‐\u00ad·—–"
    return -1.0 if inside else 0.8


def _letter_worth(char: str, before: str, after: str) -> float:
    if before.isdigit() or after.isdigit():
        return -0.3  # "£900" is likelier than "Ł900"
    if char.isupper() and before.islower():
        return -1.0
    if char.isupper() and not before.isalpha() and not after.isalpha():
        return 0.6
    return 0.95 if char.isupper() else 1.0


def _script_worth(char: str, before: str, after: str) -> float:
    """A letter of a script whose words hold no ASCII at all."""
    worth = _letter_worth(char, before, after)
    small = char.lower()
    if _ascii_letter(before) or _ascii_letter(after):
        return -1.0
    if small in _CYRILLIC_RARE:
        return worth - 0.6
    if "а" <= small <= "ѿ":
        return worth if small in _CYRILLIC_COMMON else worth - 0.2
    if "\u05d0" <= char <= "\u05ea":  # five letters have another form at the end of a word
        misplaced = after.isalpha() if char in _HEBREW_FINAL else char in _HEBREW_NOT_FINAL and not after.isalpha()
        return -1.0 if misplaced else worth
    if "\u0386" <= small <= "\u03ce":
        misplaced = after.isalpha() if small == "ς" else char == "σ" and not after.isalpha()
        return -1.0 if misplaced else worth - 0.2 if small in "θδγβξζχφψΰΐϊϋ" else worth
    if "\u0e01" <= char <= "\u0e5b":
        return 1.0 if char in _THAI_COMMON else -0.2
    return worth


def _ascii_letter(char: str) -> bool:
    return char.isascii() and char.isalpha()


def _score_east(text: str, high: list[int], script: str) -> float:
    total = 0.0
    for i in high:
        char = text[i]
        before = text[i - 1] if i else " "
        after = text[i + 1] if i + 1 < len(text) else " "
        if _ascii_letter(before) or _ascii_letter(after):
            total -= 0.6  # an accented letter and the letter after it, read as one ideograph
        elif char in _TYPOGRAPHY or "\uff01" <= char <= "\uff5e" or "\u3000" <= char <= "\u3011":
            total += 0.9
        else:
            total += _east_worth(char, script)
    return total / len(high)


def _east_worth(char: str, script: str) -> float:
    if script == "japanese":
        if "\u3041" <= char <= "\u30fc":
            return 1.15
        return 0.8 if _in_level_one(char, "cp932", 0x88, 0x97) else -0.2 if "\u4e00" <= char <= "\u9fff" else -1.0
    if script == "korean":
        if char in _KOREAN:
            return 1.3
        return 0.9 if _in_level_one(char, "euc_kr", 0xB0, 0xC8) else -0.5
    if char in _CHINESE:
        return 1.3
    common = _in_level_one(char, "gb2312", 0xB0, 0xD7) or _in_level_one(char, "big5", 0xA4, 0xC6)
    if "\u3041" <= char <= "\u30fc":
        return -0.5
    return 0.8 if common else 0.1 if "\u4e00" <= char <= "\u9fff" else -1.0


def _in_level_one(char: str, encoding: str, low: int, high: int) -> bool:
    """Is it among a character set's common characters? They stand in a range of lead bytes."""
    try:
        code = char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and low <= code[0] <= high
