"""Tables to summary and pages: what the reader gets."""

from corpusscan.report.report import Report

__all__ = ["Report"]
