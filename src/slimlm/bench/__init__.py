"""Room 7: how fast and how small it is. Records, clocks and memory probes; the runs themselves are in benchmarks/."""
