"""Classifiers that are shipped, made again from named data: read, fitted, calibrated, written with a card."""
