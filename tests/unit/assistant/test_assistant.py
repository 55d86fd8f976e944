"""The composition: models start once and late, results are kept, forgetting removes, closing closes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from slimlm.assistant import assistant as module
from slimlm.assistant.assistant import Assistant
from slimlm.assistant.chat import last_result
from slimlm.assistant.records import Answer, Suggested, Summary
from slimlm.documents.records import Document
from slimlm.errors import NotInLibraryError, UsageError
from slimlm.settings import load_settings
from unit.thinking import LEASE, BagReader, document_of, exact, saying

TRUE = "The tenant pays a deposit of EUR 1,900 before moving in."


@pytest.fixture
def lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file, and a reader that needs no process; it counts what it reads."""
    file = tmp_path / "lease.md"
    file.write_text(LEASE, "utf-8")
    reads: list[str] = []

    def read(path: str | Path, *_: object) -> Document:
        from slimlm.documents.read import file_digest

        reads.append(str(path))
        found = document_of(Path(path).read_text("utf-8"), Path(path).name)
        from dataclasses import replace

        return replace(found, id=file_digest(path, load_settings().documents))

    monkeypatch.setattr(module, "read_document", read)
    monkeypatch.setattr(module, "reads", reads, raising=False)
    return file


@pytest.fixture
def assistant() -> Iterator[Assistant]:
    with Assistant(engine=saying(TRUE), reader=BagReader()) as made:
        yield made


def n_reads() -> int:
    return len(module.reads)  # type: ignore[attr-defined]


def test_a_known_document_is_not_read_again(assistant: Assistant, lease: Path, tmp_path: Path) -> None:
    first = assistant.open(lease)
    copy = tmp_path / "copy.md"
    copy.write_bytes(lease.read_bytes())
    assert assistant.open(lease) == first
    assert assistant.open(copy).id == first.id
    assert n_reads() == 1
    lease.write_text(LEASE + "\nMore.", "utf-8")
    assert assistant.open(lease).id != first.id
    assert n_reads() == 2


@pytest.mark.parametrize("style", ["line", "paragraph", "points", "sections"])
def test_a_summary_is_kept(assistant: Assistant, lease: Path, style: str) -> None:
    document = assistant.open(lease)
    engine = assistant.engine
    first = last_result(assistant.summarize(document, style))  # type: ignore[arg-type]
    asked = len(engine.prompts)  # type: ignore[union-attr]
    assert isinstance(first, Summary)
    assert list(assistant.summarize(document, style))[-1].result == first  # type: ignore[arg-type, union-attr]
    assert len(engine.prompts) == asked  # type: ignore[union-attr]


def test_suggestions_are_kept(assistant: Assistant, lease: Path) -> None:
    document = assistant.open(lease)
    first = last_result(assistant.suggest(document))
    asked = len(assistant.engine.prompts)  # type: ignore[union-attr]
    events = list(assistant.suggest(document))
    assert events[-1].result == first  # type: ignore[union-attr]
    assert [type(e) for e in events[:-1]] == [Suggested] * len(first)  # type: ignore[arg-type]
    assert len(assistant.engine.prompts) == asked  # type: ignore[union-attr]


def test_results_of_another_model_are_not_shown(assistant: Assistant, lease: Path) -> None:
    document = assistant.open(lease)
    last_result(assistant.summarize(document, "paragraph"))
    assistant.use_model(None)
    summary = last_result(assistant.summarize(document, "paragraph"))
    assert isinstance(summary, Summary)
    assert all(point.support == "quoted" for point in summary.points)


def test_vectors_are_kept(lease: Path) -> None:
    for n in range(2):
        reader = BagReader()
        with Assistant(engine=saying(TRUE), reader=reader) as assistant:
            last_result(assistant.ask(assistant.open(lease), "How much is the rent?"))
        sentences = [text for text in reader.texts if "1,900" in text]
        assert len(sentences) == (1 if n == 0 else 0)


def test_answers_and_search_and_outline(assistant: Assistant, lease: Path) -> None:
    document = assistant.open(lease)
    answer = last_result(assistant.ask(document, "How much is the rent per month?"))
    assert isinstance(answer, Answer)
    assert "EUR 950.00" in answer.text
    assert all(exact(document, c) for c in assistant.search(document, "deposit"))
    outline = assistant.outline(document)
    assert [e.title for e in outline.entries][1:] == [
        "1 Rent",
        "2 Deposit",
        "3 Duties of the tenant",
        "4 Pets",
        "5 Keys",
    ]
    assert outline.language == "en"
    assert all(exact(document, c) for c in outline.key_sentences)
    assert outline.n_words == len(document.text.split())


@pytest.mark.parametrize(
    ("request_text", "kind"),
    [("Summarize this", Summary), ("Suggest questions", tuple), ("How much is the rent?", Answer)],
)
def test_a_free_form_request(assistant: Assistant, lease: Path, request_text: str, kind: type) -> None:
    assert isinstance(last_result(assistant.request(assistant.open(lease), request_text)), kind)


def test_a_chat_keeps_its_topic(assistant: Assistant, lease: Path) -> None:
    chat = assistant.chat(assistant.open(lease))
    last_result(chat.send("How much is the deposit of the tenant?"))
    answer = last_result(chat.send("When is it returned?"))
    assert isinstance(answer, Answer)
    assert "two months" in answer.text


def test_forgetting_removes_everything(lease: Path) -> None:
    engine = saying(TRUE)
    with Assistant(engine=engine) as assistant:
        document = assistant.open(lease)
        last_result(assistant.summarize(document, "paragraph"))
        assert [e.id for e in assistant.library.list()] == [document.id]
        assert assistant.library.search("deposit")
        assistant.library.forget("lease.md")
        assert document.text in engine.forgotten
        assert assistant.library.list() == ()
        assert assistant.library.search("deposit") == ()
        with pytest.raises(NotInLibraryError):
            assistant.library.get(document.id)


def test_a_document_that_is_not_open_is_forgotten_with_its_states(lease: Path) -> None:
    with Assistant(engine=saying(TRUE)) as assistant:
        document = assistant.open(lease)
    engine = saying(TRUE)
    with Assistant(engine=engine) as assistant:
        assistant.library.forget(document.id)
        assert document.text in engine.forgotten


def test_names_that_are_not_clear(assistant: Assistant, lease: Path, tmp_path: Path) -> None:
    assistant.open(lease)
    other = tmp_path / "lease-2.md"
    other.write_text(LEASE + "\nOther.", "utf-8")
    assistant.open(other)
    with pytest.raises(UsageError, match="several"):
        assistant.library.get("lease")
    assert assistant.library.get("lease.md").name == "lease.md"
    with pytest.raises(NotInLibraryError):
        assistant.library.get("nothing")


class Started:
    """Counts starts and closings of models."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engines, self.readers = 0, 0
        self.closed: list[str] = []
        monkeypatch.setattr(module, "start_engine", self.engine)
        monkeypatch.setattr(module, "start_reader", self.reader)

    def engine(self, *_: object) -> object:
        self.engines += 1
        made = saying(TRUE)
        made.close = lambda: self.closed.append("engine")  # type: ignore[method-assign]
        return made

    def reader(self, *_: object) -> object:
        self.readers += 1
        made = BagReader()
        made.close = lambda: self.closed.append("reader")  # type: ignore[method-assign]
        return made


def test_models_start_late_and_once(lease: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = Started(monkeypatch)
    with Assistant() as assistant:
        document = assistant.open(lease)
        assistant.outline(document)
        last_result(assistant.summarize(document, "points"))
        assert (started.engines, started.readers) == (0, 0)
        threads = [threading.Thread(target=lambda: assistant.engine) for _ in range(8)]
        for thread in [*threads, assistant.warm_up()]:
            if thread.ident is None:
                thread.start()
            thread.join(10)
        last_result(assistant.ask(document, "How much is the rent?"))
        assert (started.engines, started.readers) == (1, 1)
    assert sorted(started.closed) == ["engine", "reader"]


def test_given_models_are_not_closed(lease: Path) -> None:
    reader = BagReader()
    with Assistant(engine=saying(TRUE), reader=reader) as assistant:
        last_result(assistant.ask(assistant.open(lease), "How much is the rent?"))
    assert reader.closed == 0


def test_several_threads_ask_at_once(assistant: Assistant, lease: Path) -> None:
    document = assistant.open(lease)
    answers: list[object] = []

    def ask() -> None:
        answers.append(last_result(assistant.ask(document, "How much is the rent per month?")))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 6
    assert len({a.text for a in answers if isinstance(a, Answer)}) == 1


def test_without_models_everything_is_quoted(lease: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "start_engine", lambda *_: None)
    monkeypatch.setattr(module, "start_reader", lambda *_: None)
    with Assistant() as assistant:
        document = assistant.open(lease)
        for events in (
            assistant.ask(document, "How much is the rent?"),
            assistant.summarize(document),
            assistant.suggest(document),
        ):
            result = last_result(events)
            if isinstance(result, Answer | Summary):
                claims = result.claims if isinstance(result, Answer) else result.points
                assert claims
                assert {claim.support for claim in claims} == {"quoted"}


def test_a_full_disk_costs_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is made again next time; the summary that is there is shown."""
    from slimlm.assistant.assistant import Assistant
    from slimlm.engine.scripted import ScriptedEngine
    from slimlm.errors import DiskSpaceError

    file = tmp_path / "note.md"
    file.write_text(
        "# Note\n\nThe office moves to Larch Street on 4 May. The old keys are to be returned by 30 April.\n"
    )

    def full(*_: object) -> bool:
        raise DiskSpaceError("The disk is full.")

    with Assistant(engine=ScriptedEngine(lambda prompt: "")) as assistant:
        document = assistant.open(file)
        monkeypatch.setattr(assistant.library.store, "put_result", full)
        summary = last_result(assistant.summarize(document, "points"))
        assert isinstance(summary, Summary)
        assert summary.points
