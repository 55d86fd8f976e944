"""Room 2: Document -> sentences and passages -> search. The library's store (SQLite, FTS5) is the only SQL."""
