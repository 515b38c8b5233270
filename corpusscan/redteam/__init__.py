"""Plants published attacks into a copy of a corpus, and scores what a scan found of them.

An attack is one file in `attacks/`; the directory is the registry.
"""
