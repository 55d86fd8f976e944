"""An assistant that reads nothing and answers what a test wrote for it."""

from __future__ import annotations

import pytest
from cli_fakes import FakeAssistant


@pytest.fixture
def assistant() -> FakeAssistant:
    return FakeAssistant()
