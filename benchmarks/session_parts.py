"""The parts of ``session.py`` that each need a process of their own. See ``children.py`` for how they are called.

Imports stand inside the functions: what a part does not need must not count in its start.
"""

# ruff: noqa: PLC0415

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from children import run_as_part

SUGGESTIONS = 3
ENGINE_TASKS = (
    "Summarize this document in a few sentences.",
    "Write three questions that this document answers.",
)
ENGINE_TOKENS = 48
# The plain loop: what is asked, and how much may be written.
PLAIN_SUMMARY = ("Summarize this document in one paragraph.", 120)
PLAIN_QUESTIONS = ("Suggest three questions that this document answers.", 90)
PLAIN_ANSWER_TOKENS = 60


# --- the assistant ------------------------------------------------------------------------------------------------


def assistant(job: dict[str, Any]) -> dict[str, Any]:
    """A whole session: open, outline, summary, suggestions, three answers; then, untimed, the other questions."""
    from material import read_material, settings_in

    from slimlm.assistant.assistant import Assistant
    from slimlm.assistant.records import Answer

    material = read_material(job["material"])
    settings = settings_in(Path(job["home"]))
    engine = record_assistant()
    steps: list[dict[str, Any]] = []
    texts: dict[str, str] = {}
    n_session = job["session_questions"]
    with Assistant(settings) as own:
        imported_s = time.time() - job["started"]
        started = time.perf_counter()
        document = own.open(material.file)
        opened_s = time.perf_counter() - started
        outline = own.outline(document)
        assert outline.key_sentences
        outline_s = time.perf_counter() - started
        first_text_s = time.time() - job["started"]
        steps.append(_timed("summary", own.summarize(document), engine))
        steps.append(_timed("suggestions", own.suggest(document, SUGGESTIONS), engine))
        results: list[Answer] = []
        for question in material.questions[:n_session]:
            steps.append(_timed("answer", own.ask(document, question.question), engine))
            results.append(steps[-1].pop("result"))
        total_s = time.time() - job["started"]
        in_session = len(engine.calls)
        for question in material.questions[n_session:] if job["quality"] else ():
            results.append(_timed("answer", own.ask(document, question.question), engine)["result"])
        suggestions = steps[1].pop("result")
        texts = {"summary": steps[0].pop("result").text, "suggestions": "\n".join(s.question for s in suggestions)}
        info = engine.info
        return {
            "imported_s": imported_s,
            "opened_s": opened_s,
            "outline_s": outline_s,
            "first_text_s": first_text_s,
            "steps": steps,
            "total_s": total_s,
            "load_s": engine.load_s,
            "threads": info.threads,
            "flash_attention": info.flash_attention,
            "calls": [call.as_row() for call in engine.calls[:in_session]],
            "answers": [
                _judged(question, result.text, result.claims[0].support if result.claims else "not_found")
                for question, result in zip(material.questions, results, strict=False)
            ],
            "texts": texts,
        }


def record_assistant() -> Any:
    """From now on the assistants of this process start their engine inside a recorder, which is returned.

    Handing the engine to the assistant would be no measurement of the product: it then leaves other models out.
    """
    import slimlm.assistant.assistant as room
    from slimlm.assistant.models import start_engine
    from slimlm.bench.recorder import RecordingEngine

    asked: list[Any] = []
    recorder = RecordingEngine(lambda: _present(start_engine(*asked)))

    def start(*arguments: Any) -> Any:
        asked[:] = arguments
        return recorder

    vars(room)["start_engine"] = start
    return recorder


def _present(engine: Any) -> Any:
    assert engine is not None, "no chat model is installed"
    return engine


def _timed(task: str, events: Iterator[Any], engine: Any) -> dict[str, Any]:
    """The time of a task, and until its first piece of result (a quote, a point, a question)."""
    from slimlm.assistant.records import Done, Progress

    started, n_calls = time.perf_counter(), len(engine.calls)
    first: float | None = None
    result: Any = None
    for event in events:
        if first is None and not isinstance(event, Progress):
            first = time.perf_counter() - started
        if isinstance(event, Done):
            result = event.result
    calls = engine.calls[n_calls:]
    return {
        "task": task,
        "first_result_s": first,
        "total_s": time.perf_counter() - started,
        "first_token_s": next((c.first_token_s for c in calls if c.first_token_s is not None), None),
        "evaluated_tokens": sum(c.usage.evaluated_tokens for c in calls),
        "output_tokens": sum(c.usage.output_tokens for c in calls),
        "result": result,
    }


def _judged(question: Any, text: str, support: str = "") -> dict[str, Any]:
    from slimlm.evaluation.questions import holds_answer

    right = support != "not_found" and holds_answer(text, question)
    return {"id": question.id, "question": question.question, "answer": text, "support": support, "right": right}


# --- the engine with a page in its prompt -------------------------------------------------------------------------


def engine(job: dict[str, Any]) -> dict[str, Any]:
    """The first token of each task behind the whole document. The home decides what is known from before."""
    from material import read_material, settings_in

    from slimlm.assistant.models import start_engine
    from slimlm.bench.recorder import RecordingEngine
    from slimlm.prompts.tasks import render_page

    material = read_material(job["material"])
    text = Path(material.file).read_text("utf-8")
    settings = settings_in(Path(job["home"]))
    own = RecordingEngine(lambda: _present(start_engine(settings)))
    assert own.info.model
    process_to_first_s = 0.0
    for task in ENGINE_TASKS[: job["n_tasks"]]:
        for _ in own.stream(render_page(text, task, ENGINE_TOKENS)):
            process_to_first_s = process_to_first_s or time.time() - job["started"]
    calls = [call.as_row() for call in own.calls]
    info = own.info
    own.close()
    return {
        "load_s": own.load_s,
        "process_to_first_token_s": process_to_first_s,
        "threads": info.threads,
        "calls": calls,
    }


# --- the plain loop -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    first_token_s: float | None
    total_s: float
    timings: dict[str, Any]


class PlainChat:
    """A chat loop as it is mostly written: the binding's own server and defaults, the document in every request."""

    def __init__(self, model: str, threads: int, n_ctx: int) -> None:
        import xllamacpp

        params = xllamacpp.CommonParams()
        params.model.path = model
        params.n_ctx = n_ctx
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.verbosity = -1
        self._server = xllamacpp.Server(params)

    def ask(self, content: str, max_tokens: int) -> Reply:
        started = time.perf_counter()
        pieces: list[str] = []
        first: float | None = None
        timings: dict[str, Any] = {}

        def take(event: dict[str, Any]) -> None:
            nonlocal first, timings
            if "error" in event:
                raise SystemExit(f"The plain loop failed: {event['error']}")
            timings = event.get("timings", timings)
            piece = event["choices"][0]["delta"].get("content") if event.get("choices") else None
            if piece:
                first = first or time.perf_counter() - started
                pieces.append(piece)

        body = {
            "messages": [{"role": "user", "content": content}],
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
        }
        self._server.handle_chat_completions(body, take)
        return Reply("".join(pieces), first, time.perf_counter() - started, timings)


def plain(job: dict[str, Any]) -> dict[str, Any]:
    """The same session: summary, three questions, three answers. ``document_first`` lets the prompt cache work."""
    from material import read_material

    material = read_material(job["material"])
    text = Path(material.file).read_text("utf-8")

    def content(request: str) -> str:
        return f"{text}\n\n{request}" if job["document_first"] else f"{request}\n\n{text}"

    started = time.perf_counter()
    chat = PlainChat(job["model"], job["threads"], job["n_ctx"])
    load_s = time.perf_counter() - started
    n_session = job["session_questions"]
    requests = [PLAIN_SUMMARY, PLAIN_QUESTIONS]
    requests += [(q.question, PLAIN_ANSWER_TOKENS) for q in material.questions]
    replies = [chat.ask(content(request), limit) for request, limit in requests[: 2 + n_session]]
    total_s = time.time() - job["started"]
    if job["quality"]:
        replies += [chat.ask(content(request), limit) for request, limit in requests[2 + n_session :]]
    return {
        "load_s": load_s,
        "total_s": total_s,
        "steps": [
            {
                "task": ("summary", "suggestions", "answer")[min(i, 2)],
                "first_token_s": reply.first_token_s,
                "total_s": reply.total_s,
                "evaluated_tokens": reply.timings.get("prompt_n"),
                "cached_tokens": reply.timings.get("cache_n"),
                "output_tokens": reply.timings.get("predicted_n"),
                "prefill_s": reply.timings.get("prompt_ms", 0.0) / 1000.0,
                "prefill_per_s": reply.timings.get("prompt_per_second"),
                "decode_per_s": reply.timings.get("predicted_per_second"),
            }
            for i, reply in enumerate(replies[: 2 + n_session])
        ],
        "answers": [_judged(q, reply.text) for q, reply in zip(material.questions, replies[2:], strict=False)],
        "texts": {"summary": replies[0].text, "suggestions": replies[1].text},
    }


if __name__ == "__main__":
    run_as_part({"assistant": assistant, "engine": engine, "plain": plain})
