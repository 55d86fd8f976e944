"""One reader per format. Each is a function ``read_<format>(source, limits, builder, report)``, run in the worker."""
