"""SlimLM: a document assistant that runs entirely on your own device."""

__version__ = "0.1.0"
