"""One file per group of commands. Heavy imports happen inside the functions: ``slimlm --help`` stays instant."""
