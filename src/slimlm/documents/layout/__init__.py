"""Words on a page -> reading order: lines, columns, tables, paragraphs. Knows geometry only, no file format."""
