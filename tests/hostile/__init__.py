"""Files made to break a reader, and what has to happen to each of them."""
