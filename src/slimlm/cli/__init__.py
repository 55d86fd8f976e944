"""The command line: arguments -> one call of a room below -> lines or JSON."""
