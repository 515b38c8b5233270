"""Who publishes a source: the parts of one site, and the sections of one collection, are one hand's."""

from __future__ import annotations

import re

_SHORT = 3  # letters of `co` in `co.uk`, and the like: such a second level is anybody's
_NUMBERS = re.compile(r"[\d.]+")


def publisher(source: str) -> str:
    """The site of a host name, the first part of a path; of `news.a.co.uk/2024` it is `a.co.uk`.

    By the habits of names, not by the list of public suffixes, which changes from month to month: two sites that are
    taken for one are only heard as one.
    """
    name = source.partition("://")[2] or source
    name = name.partition("/")[0].rpartition("@")[2].partition(":")[0].strip().lower() or source
    labels = name.split(".")
    if len(labels) < 3 or " " in name or _NUMBERS.fullmatch(name):
        return name
    public = 3 if len(labels[-1]) == 2 and len(labels[-2]) <= _SHORT else 2
    return ".".join(labels[-public:])
