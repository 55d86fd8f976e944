"""These tests need the extra ``slimlm[lab]``; without it they are left out as a whole (CI has it)."""

from __future__ import annotations

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") and find_spec("tokenizers") else ["test_*.py"]
