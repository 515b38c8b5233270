"""Tables to summary and pages: what the reader gets."""

from corpusscan.report.report import FILES, Report

__all__ = ["FILES", "Report"]
