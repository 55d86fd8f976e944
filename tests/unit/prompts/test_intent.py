"""What a free-form request asks for, by its words, in six languages."""

from __future__ import annotations

import pytest

from slimlm.prompts.intent import classify_intent

REQUESTS = {
    "summarize": """
        Summarize this document | Give me a summary | Sum it up please | tl;dr | What is this document about? | Key points please
        What does the report say? | Can you give me an overview of this contract? | Boil it down to one paragraph
        What are the main points? | Short version, please | Recap the paper in two sentences | In a nutshell?
        Can you summarise the letter? | What's it all about? | Fasse das Dokument zusammen | Fass den Vertrag bitte zusammen
        Zusammenfassung bitte | Worum geht es in diesem Dokument? | Gib mir einen Überblick | Kannst du das zusammenfassen?
        Résume ce document | Fais un résumé du contrat | De quoi parle ce texte ? | Peux-tu résumer la lettre ?
        Quels sont les points clés ? | Resume este documento | Hazme un resumen del contrato | ¿De qué trata este texto?
        ¿Puedes resumir la carta? | この文書を要約してください | 概要を教えて | 要点をまとめて | 何についての文書ですか
        总结这份文件 | 请概括主要内容 | 这份合同的摘要 | 请给我一个摘要
    """,
    "suggest": """
        Suggest three questions | What can I ask? | What questions could I ask about this? | Give me some questions to ask
        Which questions does this document answer? | Propose questions | What should I ask the landlord?
        Come up with a few questions | Welche Fragen kann ich stellen? | Schlage mir Fragen vor | Was kann ich fragen?
        Welche Fragen beantwortet das Dokument? | Propose-moi trois questions | Quelles questions puis-je poser ?
        Suggère des questions | Sugiere tres preguntas | ¿Qué puedo preguntar? | Propón algunas preguntas
        質問を提案してください | 何を質問できますか | どんな質問ができますか | 请提出三个问题 | 我可以问什么问题？ | 建议几个问题
    """,
    "ask": """
        How much is the rent? | When does the contract end? | Who signed the letter? | What does the summary say about sales?
        How many questions were in the survey? | What is the deposit? | Is smoking allowed? | Where is the valve?
        Why did turnover fall? | Who wrote the summary? | When was the overview published? | Which law applies?
        How do I fill in the questionnaire? | Does the abstract mention malaria? | How long is the notice period?
        What does section 3 say? | Who asked the first question at the meeting? | Which items are excluded?
        Can I ask questions to the support team? | Was the question of costs settled? | Who answers questions about rent?
        Which questions were raised at the meeting? | Who signed the contract in question? | Wie hoch ist die Miete?
        Wann endet der Vertrag? | Wer hat den Brief unterschrieben? | Ist Rauchen erlaubt? | Wie lang ist die Kündigungsfrist?
        Quel est le loyer ? | Quand se termine le contrat ? | Qui a signé la lettre ? | Où se trouve la vanne ?
        ¿Cuánto es el alquiler? | ¿Cuándo termina el contrato? | ¿Quién firmó la carta? | ¿Dónde está la válvula?
        家賃はいくらですか | 契約はいつ終わりますか | 誰が署名しましたか | 租金是多少？ | 合同什么时候结束？ | 押金问题由谁负责？
    """,
}
CASES = [
    (kind, request.strip())
    for kind, listed in REQUESTS.items()
    for line in listed.strip().splitlines()
    for request in line.split("|")
]


def test_there_are_enough_requests() -> None:
    assert len(CASES) >= 60


@pytest.mark.parametrize(("kind", "request_text"), CASES)
def test_a_request_is_understood(kind: str, request_text: str) -> None:
    assert classify_intent(request_text) == kind
