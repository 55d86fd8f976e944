"""What training (``lab/reader``) and use must agree on: the form of texts, and the names of the head's tensors."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from slimlm.retrieval.records import Role

PREFIX: Mapping[Role, str] = MappingProxyType({"query": "query: ", "passage": "passage: "})  # as the base was trained
HEAD = ("cls.weight", "cls.bias", "cls.output.weight", "cls.output.bias")  # llama.cpp's names
_SPECIAL = re.compile(r"<(?=/?(?:s|pad|unk|mask)>)")  # tokens that a text must not be able to write


def plain_text(text: str) -> str:
    """NFKC (which the base's tokenizer does by a table), single spaces, no special tokens."""
    return _SPECIAL.sub("< ", " ".join(unicodedata.normalize("NFKC", text).split()))
