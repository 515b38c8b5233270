"""Every error a caller may see, in one tree.

CorpusScanError
├── UsageError       a flag, a configuration key or an argument that cannot be meant   exit 2
├── InputError       an input named by the caller that cannot be read                  exit 2
├── RuleError        a rule pack that does not validate; names file, key and remedy    exit 2
├── WorkspaceError   OUT is locked, of another scan, damaged or full (resumable)       exit 2
├── PartDone         no error: this part of --shard-count has done its share              exit 0
└── UnreadableError  a part of a corpus that cannot be read: counted, never raised to the user

Bad data inside a corpus is not an error of the program: readers turn it into a counted
reason and go on.  Messages say what, where and what to do next, in one line.
"""


class CorpusScanError(Exception):
    """Base of all errors raised on purpose; `str(error)` is one line fit for a terminal."""

    exit_code = 2


class UsageError(CorpusScanError):
    """A flag, configuration key or argument that cannot be meant."""


class InputError(CorpusScanError):
    """An input named by the caller that is missing, empty, unknown or without the named column."""


class RuleError(CorpusScanError):
    """A rule or rule pack that does not validate."""


class WorkspaceError(CorpusScanError):
    """The output folder is locked, belongs to another scan, is damaged, or the disk is full."""


class PartDone(CorpusScanError):  # noqa: N818  # it is none
    """No error: one part of a scan has done what it can do now; the message says what comes next."""

    exit_code = 0


class UnreadableError(CorpusScanError):
    """A part of a corpus that cannot be read further; `reason` is the word it is counted under."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
