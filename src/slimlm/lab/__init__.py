"""Room 8: builds and trains models. torch lives here and nowhere else; what leaves is files.

Needs the extra: ``pip install 'slimlm[lab]'``.
"""
