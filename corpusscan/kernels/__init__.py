"""Arithmetic on arrays of text and numbers; no files, no processes, no findings."""
