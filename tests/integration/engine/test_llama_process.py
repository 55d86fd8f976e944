"""The worker process: private, obedient, and gone when it should be."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import httpx
import pytest

from slimlm.engine.llama import LlamaEngine
from slimlm.engine.protocol import generate
from slimlm.engine.worker_process import WorkerConfig, start_worker
from slimlm.errors import CancelledError, EngineError, InvalidModelError
from slimlm.paths import Paths, ensure
from slimlm.prompts.records import Prompt

pytestmark = [
    pytest.mark.model,
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]

LONG = " ".join(f"Clause {i}: the party of part {i} pays {i * 7} euros." for i in range(80))  # about 1,600 tokens


def short(task: str = "Say hello.", n: int = 4) -> Prompt:
    return Prompt("", "", task, max_tokens=n)


def busy_s(engine: LlamaEngine, seconds: float) -> float:
    """Processor time that the worker uses within ``seconds``."""
    before = engine._worker.cpu_s() if engine._worker.alive else 0.0
    time.sleep(seconds)
    after = engine._worker.cpu_s() if engine._worker.alive else before
    return (after or 0.0) - (before or 0.0)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_no_port_is_listening(engine: LlamaEngine) -> None:
    inodes = set()
    for pid in (os.getpid(), engine.worker_pid):
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = str(entry.readlink())
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{engine.worker_pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            assert not (fields[3] == "0A" and fields[9] in inodes), line


def test_the_socket_is_private_and_its_path_short(engine: LlamaEngine) -> None:
    socket = Path(engine._worker.socket)
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0
    assert len(os.fsencode(socket)) < 104


def test_the_key_is_needed_and_not_to_be_seen(engine: LlamaEngine) -> None:
    key = engine._worker.client.headers["Authorization"].removeprefix("Bearer ")
    assert len(key) > 30
    for name in ("cmdline", "environ"):
        assert key.encode() not in Path(f"/proc/{engine.worker_pid}/{name}").read_bytes()
    with httpx.Client(transport=httpx.HTTPTransport(uds=engine._worker.socket), base_url="http://engine") as client:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {key[:-1]}"}):
            answer = client.post("/completion", json={"prompt": "x", "n_predict": 1}, headers=headers)
            assert answer.status_code == 401
        answer = client.get("/health", headers={"Origin": "https://evil.example"})
        assert answer.headers.get("access-control-allow-origin", "") == ""


def test_a_long_home_still_gets_a_short_socket(open_engine, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    home = tmp_path / ("x" * 100) / ("y" * 60)
    engine = open_engine(home)
    assert generate(engine, short(n=2))
    folder = Path(engine._worker.socket).parent
    engine.close()
    assert not folder.exists()


def test_cancelling_frees_the_processor_during_prefill(open_engine, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    engine = open_engine(tmp_path)
    generate(engine, short(n=1))
    cancel, ended = threading.Event(), []

    def read() -> None:
        with contextlib.suppress(CancelledError):
            generate(engine, Prompt("", LONG, "Summarize."), cancel=cancel)
            ended.append(0.0)  # not cancelled: fails below
        ended.append(time.monotonic())

    thread = threading.Thread(target=read)
    thread.start()
    time.sleep(1.0)
    set_at = time.monotonic()
    cancel.set()
    time.sleep(1.0)
    assert busy_s(engine, 1.0) <= 0.1
    thread.join(5)
    assert ended[0] - set_at < 1.0
    assert len(ended) == 1
    assert engine.usage.finish == "cancelled"
    assert generate(engine, short())


def test_cancelling_and_closing_during_decoding(engine: LlamaEngine) -> None:
    cancel = threading.Event()
    stream = engine.stream(short("Count to one thousand.", 800), cancel=cancel)
    next(stream)
    cancel.set()
    with pytest.raises(CancelledError):
        for _ in stream:
            pass
    assert busy_s(engine, 0.5) <= 0.1
    assert engine.usage.finish == "cancelled"
    stream = engine.stream(short("Count to one thousand.", 800))
    next(stream)
    stream.close()
    time.sleep(0.5)
    assert busy_s(engine, 0.5) <= 0.1
    assert generate(engine, short())


def test_a_stopped_worker_does_not_hold_the_reader(open_engine, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    engine = open_engine(tmp_path)
    os.kill(engine.worker_pid, signal.SIGSTOP)
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    started = time.monotonic()
    with pytest.raises((CancelledError, EngineError)):
        engine.prefill(Prompt("", "some text", ""), cancel=cancel)
    assert time.monotonic() - started < 3.0
    assert generate(engine, short())


def test_several_threads_wait_their_turn(engine: LlamaEngine) -> None:
    answers: dict[int, str] = {}
    threads = [
        threading.Thread(target=lambda i=i: answers.setdefault(i, generate(engine, short(f"Say {i}.", 6))))
        for i in range(4)
    ]
    for thread in threads:
        thread.start()
    assert engine.count_tokens("a count does not wait") > 2
    for thread in threads:
        thread.join(120)
    assert answers == {i: generate(engine, short(f"Say {i}.", 6)) for i in range(4)}


def test_a_killed_worker_comes_back_and_the_document_too(open_engine, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    engine = open_engine(tmp_path)
    document = LONG[:1500]
    asked = Prompt("", document, "\nWhat does clause 3 say?", max_tokens=40)
    stream = engine.stream(asked)
    next(stream)
    os.kill(engine.worker_pid, signal.SIGKILL)
    with pytest.raises(EngineError):
        for _ in stream:
            pass
    assert generate(engine, Prompt("", document, "\nSummarize.", max_tokens=3))
    assert engine.restarts == 1
    assert engine.usage.cached_tokens > 0.9 * engine.usage.prompt_tokens
    os.kill(engine.worker_pid, signal.SIGKILL)  # between two requests
    assert generate(engine, short())
    assert engine.restarts == 2


def test_a_closed_engine_says_so(open_engine, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    engine = open_engine(tmp_path)
    pid = engine.worker_pid
    engine.close()
    engine.close()
    assert gone_within(pid, 1.0)
    with pytest.raises(EngineError, match="closed"):
        generate(engine, short())


PROGRAM = """
import sys, time
from pathlib import Path
from slimlm.engine.calibrate import Tuning
from slimlm.engine.llama import LlamaEngine
from slimlm.paths import Paths
from slimlm.prompts.records import Prompt
from slimlm.settings import EngineSettings
engine = LlamaEngine.open(Path(sys.argv[1]), "0" * 64, "test", Paths(Path(sys.argv[2])), EngineSettings(),
                          tuning=Tuning(1, True))
stream = engine.stream(Prompt("", "", "Count to one thousand.", max_tokens=2000))
next(stream)
print(engine.worker_pid, engine._worker.socket, flush=True)
for _ in stream:
    pass
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_worker_leaves_with_its_parent(gguf: tuple[Path, str], tmp_path: Path, how: signal.Signals) -> None:
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM))
    parent = subprocess.Popen(
        [sys.executable, str(program), str(gguf[0]), str(tmp_path / "home")], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert parent.stdout is not None
    pid, socket = parent.stdout.readline().split()
    assert os.getpgid(int(pid)) != os.getpgid(parent.pid)  # the terminal's Ctrl-C does not reach it
    parent.send_signal(how)
    parent.wait(10)
    parent.stdout.close()
    assert gone_within(int(pid), 3.0)
    assert not Path(socket).parent.exists()


def test_a_damaged_model_is_an_error_not_a_crash(gguf: tuple[Path, str], tmp_path: Path) -> None:
    whole = gguf[0].read_bytes()
    paths = Paths(tmp_path / "home")
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(InvalidModelError, match="truncated"):
        LlamaEngine.open(cut, "0" * 64, "cut", paths, engine_settings())
    wrong = tmp_path / "wrong.gguf"  # a sound header, but not this architecture's metadata
    wrong.write_bytes(whole.replace(b"llama.feed_forward_length", b"llama.feed_forwar__length", 1))
    config = WorkerConfig(str(wrong), 512, 1, True, 128, str(ensure(paths.state)) + "/")
    with pytest.raises(EngineError, match="could not be loaded"):
        start_worker(config, paths)
    with pytest.raises(EngineError):
        start_worker(WorkerConfig("/dev/null", 512, 1, True, 128, config.state_folder), paths)
    assert not list(paths.run.glob("*")) if paths.run.exists() else True


def engine_settings():  # type: ignore[no-untyped-def]
    from slimlm.settings import EngineSettings

    return EngineSettings(threads=1, flash_attention="on")
