"""Room 1: bytes -> Document. One reader per format, behind a worker process with limits."""
