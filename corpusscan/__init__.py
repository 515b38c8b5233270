"""corpusscan finds planted documents in the text that language models learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corpusscan.errors import CorpusScanError
from corpusscan.version import __version__

if TYPE_CHECKING:
    from corpusscan.report import Report

__all__ = ["CorpusScanError", "__version__", "scan"]


def scan(inputs: Any, out: str = "corpusscan-report", **options: Any) -> Report:
    """Audit a corpus and return its `Report`; see `corpusscan.audit.scan` for inputs and options."""
    from corpusscan.audit import scan as run  # noqa: PLC0415  # `import corpusscan` stays cheap

    return run(inputs, out, **options)
