"""The reading model: from documents with questions to the weights that ``engine/reader_weights.py`` applies."""
