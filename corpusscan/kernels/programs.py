"""Which texts hold code: by lines that stand as lines of programs do, in any of the usual languages."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

LINES = 2  # that must look so; of a text of one line that one
_FENCE = r"(?m)^\s*(?:```|~~~)"
_LINE = (  # of RE2's kind: linear; declarations, statements, what ends or begins a block, commands
    r"(?m)^[ \t]*(?:"
    r"(?:async )?def \w+\(.*|class \w+.*[:{]\s*|@\w[\w.]*(?:\(.*\))?|import [\w.{*].*|from [\w.]+ import .*"
    r"|(?:export |async )*function\b.*\(.*|(?:export )?(?:const|let|var) [\w{\[].*=.*|func .*\{|fn \w+.*\{"
    r"|(?:public|private|protected|internal|static|final|unsigned|struct|enum|namespace|using|package|typedef|extern)\b"
    r".*[;{(]\s*|#\s*(?:include|define|ifdef|ifndef|pragma)\b.*|#!/.*|<\?php.*|\?>|<!DOCTYPE.*|</?\w+[^>]*>\s*"
    r"|(?:if|for|while|switch|elif|else|else if|catch|except|foreach|try|with)\b.*[:{]\s*"
    r"|(?:then|do|fi|done|end|esac)\s*"
    r"|(?i:select .* from .*|insert into .*|update \w+ set .*|delete from .*|create table .*|drop table .*)"
    r"|\$\w[\w\[\]'>-]*\s*\.?=[^=].*|(?:return|raise|throw|yield|await|assert|del)\b.*[\w)\]};\"']\s*"
    r"|[\w.\[\]\"'>-]+(?:, [\w.]+)*(?:: ?[\w\[\], .|]+)?\s*(?:[-+*/|]|:)?=\s*\S.*"
    r"|[\w.>-]*\w\(.*\)\s*;?|.*[;{}]\s*|[)\]}]+[;,]?"
    r"|(?:sudo|apt-get|pip|npm|curl|wget|git|docker|chmod|echo|cd|export|mkdir) \S.*"
    r")$"
)


def code(texts: pl.Series) -> npt.NDArray[np.bool_]:
    """Whether each text holds code: a fence, or lines of a program."""
    lines = texts.str.count_matches(r"(?m)^.*\S.*$").fill_null(0)
    found = texts.str.count_matches(_LINE).fill_null(0) >= np.minimum(lines.to_numpy(), LINES)
    whole: npt.NDArray[np.bool_] = (
        (found & (lines > 0)) | texts.str.contains(_FENCE).fill_null(value=False)
    ).to_numpy()
    return whole
