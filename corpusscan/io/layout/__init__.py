"""How bytes lie in files: compression, lines, members, footers, messages; nothing is known here of documents."""
