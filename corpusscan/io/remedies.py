"""What to do about what was not read, by the reason under which it is counted."""

from __future__ import annotations

from corpusscan.io.formats import ARCHIVES
from corpusscan.io.places import answers, faults

_AGAIN = "copy it here again, or leave it out"
_RECORDS = "mend these records, or take them out"
_SMALLER = "cut it into smaller ones"
_REMEDIES = {
    **dict.fromkeys(ARCHIVES, "unpack it, and scan the folder"),
    "no_tokenizer": "they are decoded with --tokenizer",
    "empty_file": "there is nothing in it",
    "unknown_format": "convert it to JSON, CSV, plain text, Parquet or Arrow",
    "wat_metadata": "it holds no texts: scan the WARC or the WET files",
    "arc_file": "convert it to WARC",
    "loading_script": "it is never run: save what it gives as JSON Lines or Parquet",
    "pickle": "it is never loaded: save what it gives as JSON Lines or Parquet",
    "symlink_to_folder": "name the folder that it leads to as an INPUT of its own",
    "symlink_outside": "name the file that it leads to as an INPUT, if it is yours",
    "not_a_file": "a pipe or a device: save what it gives as a file",
    "duplicate_column": "give each column a name of its own",
    "no_text_column": "name the column with --text-column",
    "no_header": "let its first line name the columns",
    "file_too_large": "cut it into smaller ones, or add --lines if a line is a document",
    **dict.fromkeys(("line_too_long", "too_many_values", "record_too_large", "batch_too_large"), _SMALLER),
    **dict.fromkeys(("invalid_json", "not_an_object", "invalid_utf8", "nested_too_deep"), _RECORDS),
    "footer_too_large": "write it again with fewer row groups",
    "page_too_large": "write it again with smaller pages (a text of it may be far too long)",
    "ratio_too_high": "it holds the same again and again: scan what it stands for, or leave it out",
    "trailing_junk": "look at what stands behind its end, or pack it again",
    "timeout": "raise --task-timeout, or take out what takes so long",
    "memory_limit": "raise --memory-limit, or take out what takes so much",
    faults.DENIED: "check its permissions",
    faults.READ: _AGAIN,
    faults.GONE: "check its mount, and give the same command again",
    faults.CHANGED: "give the same command again when nobody writes to it",
    answers.LOST: "try again when the connection is better",
}


def remedy(reason: str) -> str:
    """A few words on what helps where a file or a record was not read for this reason."""
    damaged = reason.startswith(("corrupt_", "truncated_"))
    return _REMEDIES.get(reason, _AGAIN if damaged else "look at it, or leave it out")
