"""The language of a short text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slimlm.retrieval.language import detect_language

TEXTS = {
    "en": ("The tenant pays the rent on the third working day of each month to the landlord.",
           "We thank you for your letter and will send the new pump by the end of this week."),
    "de": ("Der Mieter zahlt die Miete am dritten Werktag eines jeden Monats auf das Konto des Vermieters.",
           "Wir danken Ihnen für Ihr Schreiben und schicken die neue Pumpe noch in dieser Woche."),
    "fr": ("Le locataire paie le loyer au propriétaire le troisième jour ouvrable de chaque mois par virement.",
           "Nous vous remercions de votre lettre et enverrons la nouvelle pompe avant la fin de la semaine."),
    "es": ("El inquilino paga el alquiler al propietario el tercer día hábil de cada mes por transferencia bancaria.",
           "Le damos las gracias por su carta y enviaremos la nueva bomba antes del fin de semana."),
    "it": ("Il conduttore paga il canone al proprietario il terzo giorno lavorativo di ogni mese con bonifico bancario.",
           "Vi ringraziamo per la lettera e spediremo la nuova pompa prima della fine della settimana."),
    "pt": ("O inquilino paga a renda ao senhorio no terceiro dia útil de cada mês por transferência bancária.",
           "Agradecemos a sua carta e enviaremos a nova bomba antes do fim da semana com os documentos."),
    "nl": ("De huurder betaalt de huur op de derde werkdag van elke maand aan de verhuurder per bank.",
           "Wij danken u voor uw brief en sturen de nieuwe pomp voor het einde van deze week."),
    "ja": ("借主は毎月三営業日目に貸主の銀行口座へ賃料を支払うものとする。", "お手紙ありがとうございます。新しいポンプを今週中にお送りします。"),
    "zh": ("承租人应当在每月第三个工作日向出租人的银行账户支付租金。", "感谢您的来信,我们将在本周末之前寄出新的水泵。"),
    "ko": ("임차인은 매월 세 번째 영업일에 임대인의 은행 계좌로 임대료를 지불한다.", "편지를 보내 주셔서 감사합니다. 새 펌프를 이번 주에 보내 드리겠습니다."),
    "ar": ("يدفع المستأجر الإيجار في يوم العمل الثالث من كل شهر إلى حساب المالك المصرفي.", "نشكركم على رسالتكم وسنرسل المضخة الجديدة قبل نهاية هذا الأسبوع."),
    "ru": ("Арендатор платит арендную плату в третий рабочий день каждого месяца на счёт арендодателя.", "Благодарим за письмо и отправим новый насос до конца этой недели."),
}  # fmt: skip


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, both in TEXTS.items() for text in both])
def test_a_sentence_is_enough(code: str, text: str) -> None:
    assert detect_language(text) == code


@pytest.mark.parametrize("text", ["", "12 345", "!?", "950.00 EUR"])
def test_what_has_no_language(text: str) -> None:
    assert detect_language(text) == "und"


@given(st.text(max_size=200))
def test_any_text_has_a_code(text: str) -> None:
    assert 2 <= len(detect_language(text)) <= 3
