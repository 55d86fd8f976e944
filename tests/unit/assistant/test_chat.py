"""Follow-up questions take along what they leave out; questions that stand alone are not touched."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from slimlm.assistant.chat import Chat, last_result, refers_back
from slimlm.assistant.records import Answer, Citation, Claim, Done, Event
from slimlm.errors import CancelledError

FOLLOW_UPS = """
    And for the landlord? | When does it end? | Why? | How long? | Who else? | And the deposit? | What about pets? | Why not?
    How about the garage? | Can it be extended? | Is that refundable? | Who pays them? | Until when? | How much is that?
    What does this cover? | And in winter? | Where is it kept? | What is their address? | Since when? | Does she agree?
    Anything else? | Are there exceptions? | More details? | Tell me more | Does the landlord pay for it? | What is its price?
    Und für den Vermieter? | Wann endet er? | Warum? | Et pour le locataire ? | Pourquoi ? | ¿Y para el propietario?
    ¿Por qué? | それはいつですか | 那什么时候结束？
"""
STANDALONE = """
    How much is the rent per month? | When does the contract between Dunn and Weir end? | Who signed the lease on 4 May 2024?
    Where is the main valve of the house? | Which law applies to the contract? | How long is the notice period for the tenant?
    Is smoking allowed in the garden? | What is the deposit for the garage? | Why did employee turnover fall in 2024?
    How many members sit on the committee? | What does the warranty cover? | Are there any rules about pets in the house?
    Is there a lift in the building? | What happens if the rent is paid late? | Which documents must the applicant send?
    Does the contract say that pets are allowed? | What are the conditions that end the contract? | Summarize this document
    What happens to the deposit money when it is paid late? | Who is the chair of the committee?
    Wie hoch ist die Miete der Wohnung? | Wann endet der Vertrag mit dem Vermieter? | Was ist das Datum der Kündigung?
    Wer bezahlt die Reparatur, wenn die Heizung ausfällt? | Quel est le montant du loyer de l'appartement ?
    Le locataire peut-il sous-louer le garage ? | ¿Cuánto cuesta el alquiler del garaje? | 契約はいつ終わりますか
    租金每月是多少？
"""


def listed(text: str) -> list[str]:
    return [item.strip() for line in text.strip().splitlines() for item in line.split("|")]


CITATION = Citation("d", "lease.pdf", 10, 20, "EUR 950.00", 1, "1", "page", "")


class Recorder:
    """A request that always finds the same quote."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Citation | None]] = []

    def __call__(self, text: str, cancel: threading.Event | None, near: Citation | None) -> Iterator[Event]:
        self.asked.append((text, near))
        if cancel is not None and cancel.is_set():
            raise CancelledError("Stopped.")
        yield Done(Answer(text, "answered", (Claim("EUR 950.00", (CITATION,), "quoted"),)))


@pytest.mark.parametrize("text", listed(FOLLOW_UPS))
def test_a_follow_up_refers_back(text: str) -> None:
    assert refers_back(text)


@pytest.mark.parametrize("text", listed(STANDALONE))
def test_a_question_that_stands_alone_is_not_changed(text: str) -> None:
    recorder = Recorder()
    chat = Chat(recorder)
    last_result(chat.send("How much is the rent per month?"))
    last_result(chat.send(text))
    assert recorder.asked[1] == (text, None)


def test_a_follow_up_takes_the_topic_and_the_place_along() -> None:
    recorder = Recorder()
    chat = Chat(recorder)
    last_result(chat.send("When must the tenant pay the rent?"))
    last_result(chat.send("And the landlord?"))
    text, near = recorder.asked[1]
    assert near == CITATION
    assert text.startswith("And the landlord")
    assert "pay" in text
    assert "rent" in text
    assert [turn.question for turn in chat.turns] == ["When must the tenant pay the rent?", "And the landlord?"]
    assert chat.turns[1].resolved == text


def test_the_first_question_is_never_changed() -> None:
    recorder = Recorder()
    last_result(Chat(recorder).send("Why?"))
    assert recorder.asked == [("Why?", None)]


def test_a_cancelled_turn_is_not_kept() -> None:
    chat = Chat(Recorder())
    stop = threading.Event()
    stop.set()
    with pytest.raises(CancelledError):
        last_result(chat.send("How much is the rent?", stop))
    assert chat.turns == ()
