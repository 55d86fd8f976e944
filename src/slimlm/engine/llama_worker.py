"""llama.cpp in a process of its own: the only file that names the binding.

What enters: one line of JSON on stdin (``WorkerConfig``). What leaves: one line of JSON on stdout when the model is
loaded, then HTTP on a private unix socket (or loopback, where there are none), and llama.cpp's errors on stderr.
The process ends when stdin ends, so it cannot outlive its parent. It refuses to know documents, prompts and caches.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
_LOG_ERRORS = 1  # llama.cpp's log levels: 1 errors, 2 warnings, 3 information


def main() -> None:
    """Read the configuration, load, say ``ready``, serve until the parent leaves."""
    parent = os.getppid()
    config: dict[str, Any] = json.loads(sys.stdin.readline())
    answer = _privacy()
    _die_with_parent(parent)
    try:
        server = _serve(config)
    except Exception as error:  # noqa: BLE001  (the binding raises bare RuntimeError; the parent has the log)
        answer.write(json.dumps({"error": str(error)}) + "\n")
        answer.flush()
        os._exit(3)
    # The binding has installed handlers that stop its loop but not this process.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _die_with_parent(0)
    answer.write(json.dumps({"address": server.listening_address}) + "\n")
    answer.close()
    _wait_for_parent(parent)
    if config["socket"]:
        shutil.rmtree(Path(config["socket"]).parent, ignore_errors=True)
    os._exit(0)  # not sys.exit: the binding's destructors wait for the request in progress


def _privacy() -> Any:
    """No core dump of document text, files for the owner only; stdout is kept for our answer alone."""
    os.umask(0o077)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415  (not on Windows)

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # when memory runs out, this process goes before the program
        Path("/proc/self/oom_score_adj").write_text("500", "ascii")
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answer


def _die_with_parent(parent: int) -> None:
    """While the model loads, Python cannot run (the binding holds the interpreter lock), so the kernel must watch.

    Only while it loads: the signal comes when the *thread* that started us ends, and that thread waits for the load.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # noqa: PLC0415

    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL if parent else 0, 0, 0, 0)
    if parent and os.getppid() != parent:
        os._exit(0)


def _wait_for_parent(parent: int) -> None:
    """Return when stdin ends, or when the parent is another (its end of the pipe may live on in a fork)."""
    if os.name == "nt":  # no select on pipes
        sys.stdin.read()
        return
    while os.getppid() == parent:
        ready, _, _ = select.select([0], [], [], 2.0)
        if ready and not os.read(0, 4096):
            return


def _serve(config: dict[str, Any]) -> Any:
    import xllamacpp  # noqa: PLC0415

    params = xllamacpp.CommonParams()
    params.verbosity = _LOG_ERRORS
    params.model.path = config["model"]
    params.hostnames = [config["socket"] or "127.0.0.1"]
    params.port = 0
    params.api_keys = [config["key"]]
    params.cors_origins = ""  # llama.cpp's default answers any web page
    params.cors_credentials = False
    params.ui = False
    params.offline = True
    params.endpoint_slots = True
    params.slot_save_path = config["state_folder"]
    params.timeout_read = params.timeout_write = 24 * 3600

    params.n_parallel = 1  # further slots would evaluate the document again
    params.n_ctx = config["context_tokens"]
    params.n_batch = params.n_ubatch = config["batch_tokens"]
    params.ctx_shift = False
    params.swa_full = True  # a sliding-window cache cannot go back to the document's end
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    params.n_gpu_layers = 0
    params.fit_params = False
    params.warmup = False  # measured: the first request takes no longer than the warm-up would
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = config["threads"]
    params.n_threads_http = 2
    params.flash_attn_type = (
        xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_ENABLED
        if config["flash_attention"]
        else xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    )
    params.enable_reasoning = 0
    if config["pooling"]:
        kinds = xllamacpp.llama_pooling_type
        params.embedding = True
        params.pooling_type = (
            kinds.LLAMA_POOLING_TYPE_RANK if config["pooling"] == "rank" else kinds.LLAMA_POOLING_TYPE_MEAN
        )
        params.embd_normalize = 2
        params.n_parallel = config["parallel"]
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
