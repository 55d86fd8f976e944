"""Room 7: how good it is. Suites, metrics and reports; whoever shows or gates on them is elsewhere."""
