"""Errors: each with a next step, an exit code of its own, and a name that does not change."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest

from slimlm import errors
from slimlm.errors import SlimLMError


def every(base: type[SlimLMError] = SlimLMError) -> Iterator[type[SlimLMError]]:
    yield base
    for child in base.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from every(child)


ERRORS = list(every())


def test_exit_codes_are_unique() -> None:
    codes = [error.exit_code for error in ERRORS]
    assert len(set(codes)) == len(codes) > 20
    assert all(1 <= code <= 130 for code in codes)


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_every_error_has_a_next_step(error: type[SlimLMError]) -> None:
    raised = error("It failed.")
    assert str(raised) == raised.message == "It failed."
    assert raised.hint.strip()
    assert error("x", "Do this.").hint == "Do this."
    assert 400 <= error.http_status < 600


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: e.__name__)
def test_errors_cross_processes(error: type[SlimLMError]) -> None:
    copy = pickle.loads(pickle.dumps(error("It failed.", "Do this.")))
    assert (type(copy), copy.message, copy.hint) == (error, "It failed.", "Do this.")


def test_machine_readable_names() -> None:
    assert errors.NotAFileError("x").code == "not_a_file"
    assert errors.DocumentNotFoundError("x").code == "document_not_found"
    assert len({error("x").code for error in ERRORS}) == len(ERRORS)
