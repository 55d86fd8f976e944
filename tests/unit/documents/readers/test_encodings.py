"""Short texts in old encodings: the case where statistics fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimlm.documents.readers.encodings import decode, detect_encoding

SAMPLES = {
    "cp1252": [
        "Le locataire s'engage à payer le loyer à l'échéance prévue. Été, naïve, cœur, où.",
        "café", "Äpfel", "Müller", "GRÖSSE ÜBERSICHT", "Rent: £900", "25 °C and 5 m³", "Miete: 900 €",
        "The tenant’s rent is £900 – due “monthly”.", "naïve résumé — it’s £5 or €6",
        "Die Kündigungsfrist beträgt drei Monate. Größe: 5 m². § 12 gilt für Überstunden – außer samstags.",
        "¿Cuándo termina el contrato? El año próximo, según la cláusula 5.ª", "Perché la società è più grande?",
        "O locatário não poderá sublocar o imóvel sem autorização.", "Hyresgästen är skyldig att betala på förhand.",
        "Lejer skal betale på forhånd. Ø og æble.", "Þetta er leigusamningur. Það er góður dagur.",
    ],
    "mac_roman": ["Le locataire s'engage à payer le loyer à l'échéance prévue. Été, naïve."],
    "cp850": ["La société est située à côté du théâtre, près de l'hôtel."],
    "iso8859_15": ["Die Miete beträgt 900 € für März"],
    "cp1250": [
        "Wynajmujący oświadcza, że jest właścicielem lokalu.", "Příliš žluťoučký kůň úpěl ďábelské ódy.",
        "A bérlő köteles a bérleti díjat időben megfizetni.",
    ],
    "iso8859_2": ["Wynajmujący oświadcza, że jest właścicielem lokalu.", "Příliš žluťoučký kůň úpěl ďábelské ódy."],
    "cp1254": ["Kiracı, kira bedelini zamanında ödemekle yükümlüdür. Şişli, İstanbul."],
    "cp1257": ["Nuomininkas privalo laiku mokėti nuomą. Ąžuolas, šūvis, žąsys, įmonė"],
    "cp1251": ["Арендатор обязан вносить арендную плату. Срок — один год.", "Привет", "договор", "Срок аренды"],
    "koi8_r": ["Арендатор обязан своевременно вносить арендную плату.", "Привет", "договор", "Срок аренды"],
    "koi8_u": ["Орендар зобов'язаний вчасно сплачувати орендну плату. Її квартира."],
    "cp866": ["Арендатор обязан своевременно вносить арендную плату.", "Привет", "договор"],
    "iso8859_5": ["Арендатор обязан своевременно вносить арендную плату."],
    "cp1253": ["Ο μισθωτής οφείλει να καταβάλλει το μίσθωμα. Ημερομηνία λήξης"],
    "cp1255": ["השוכר ישלם את דמי השכירות בכל חודש"],
    "cp1256": ["يلتزم المستأجر بدفع الإيجار في موعده"],
    "cp874": ["ผู้เช่าต้องชำระค่าเช่าตรงเวลา"],
    "cp932": ["賃借人は毎月末日までに賃料を支払うものとする。契約期間は2年。", "こんにちは", "契約書", "テスト文書"],
    "euc_jp": ["賃借人は毎月末日までに賃料を支払うものとする。契約期間は2年。", "こんにちは", "テスト文書"],
    "iso2022_jp": ["賃借人は毎月末日までに賃料を支払うものとする。"],
    "cp949": ["임차인은 매월 말일까지 임대료를 지급하여야 한다. 계약 기간은 2년이다.", "계약서", "안녕하세요"],
    "gb18030": ["承租人应当按照约定的期限支付租金。合同期限为两年。", "租赁合同", "你好", "请使用PDF文件和Word文档。"],
    "big5": ["承租人應按照約定的期限支付租金。契約期限為兩年。", "租賃契約", "你好，世界"],
}  # fmt: skip


@pytest.mark.parametrize(("encoding", "text"), [(e, t) for e, texts in SAMPLES.items() for t in texts])
def test_short_texts(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-be"])
@pytest.mark.parametrize("text", ["Rent: 5 €, due monthly", "Срок аренды: год", "賃料は毎月 5 万円。\n契約書", "a b"])
def test_unicode(encoding: str, text: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_damaged_utf8_stays_utf8() -> None:
    data = ("Größe und Überstunden, Müßiggang. " * 20).encode()
    assert decode(data[:-3] + b"\xff end").startswith("Größe und")
    assert decode(data[:-1] + "ß".encode()[:1]).startswith("Größe")  # cut in the middle of a character


def test_declared_encoding_is_believed_only_if_the_bytes_allow_it() -> None:
    assert decode("прив".encode("cp1251"), "windows-1251") == "прив"
    assert decode("Größe".encode(), "iso-8859-1") == "Größe"
    assert decode("Größe".encode("cp1252"), "utf-8") == "Größe"
    for nonsense in ("utf-16", "rot13", "hex", "idna", "unicode_escape", "no such", "\x00", "undefined", "zlib"):
        assert decode("Größe".encode(), nonsense) == "Größe"


def test_non_ascii_far_from_the_beginning() -> None:
    data = b"plain ascii line\n" * 5000 + "Die Kündigungsfrist beträgt drei Monate".encode("cp1252")
    assert decode(data).endswith("Kündigungsfrist beträgt drei Monate")


@given(st.binary(max_size=300))
def test_any_bytes_decode(data: bytes) -> None:
    assert isinstance(decode(data), str)
    assert detect_encoding(data)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=100))
def test_utf8_round_trip(text: str) -> None:
    assert decode(b"\xef\xbb\xbf" + text.encode()) == text.removeprefix("\ufeff")
