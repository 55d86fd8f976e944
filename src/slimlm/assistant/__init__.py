"""Room 6: the one composition. ``from slimlm.assistant import Assistant``."""

from slimlm.assistant.assistant import Assistant
from slimlm.assistant.chat import Chat, last_result
from slimlm.assistant.records import Answer, Citation, Claim, Summary

__all__ = ["Answer", "Assistant", "Chat", "Citation", "Claim", "Summary", "last_result"]
