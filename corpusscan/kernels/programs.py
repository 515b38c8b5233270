"""Which texts hold code, by lines that stand as lines of programs do, and in what language, by signs of each."""

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
    r"|(?:SELECT|FROM|WHERE|VALUES|SET|(?:LEFT |INNER )?JOIN|GROUP BY|ORDER BY)\b.*"
    r"|(?i:select .* from .*|insert into .*|update \w+ set .*|delete from .*|create table .*|drop table .*)"
    r"|\$\w[\w\[\]'>-]*\s*\.?=[^=].*|(?:return|raise|throw|yield|await|assert|del)\b.*[\w)\]};\"']\s*"
    r"|[\w.\[\]\"'>-]+(?:, [\w.]+)*(?:: ?[\w\[\], .|]+)?\s*(?:[-+*/|]|:)?=\s*\S.*"
    r"|[\w.>-]*\w\(.*\)\s*;?|.*[;{}]\s*|[)\]}]+[;,]?"
    r"|(?:sudo|apt-get|pip|npm|curl|wget|git|docker|chmod|echo|cd|export|mkdir) \S.*"
    r")$"
)

_LANGUAGES = {  # what stands in one language much more often than in others
    "Python": r"(?m)^\s*(?:def \w+\(|from [\w.]+ import|elif |except\b|class \w+.*:$|for .*:$)|\bself\.|\bNone\b",
    "JavaScript": r"\bfunction\b\s*\w*\(|=>|\b(?:const|let|var) |===|console\.|require\(|\bundefined\b",
    "Java": r"\b(?:public|private|protected)\s+(?:\w+\s+)*[\w<>\[\]]+\s+\w+\s*[(;=]|System\.out|@Override|\bthrows \w",
    "C": r"#\s*include|->\w|\bstruct \w|\b(?:int|char|void|size_t|u\d+)\s+\*?\w+\s*[;=(,\[]|\bNULL\b|\bprintf\(|std::",
    "PHP": r"<\?php|\$\w+\s*(?:=|->|\[|\)|,|;)|\becho\b.*;",
    "Go": r"\bfunc (?:\(\w+ \*?\w+\) )?\w+\(|:=|\bpackage \w+|fmt\.|err != nil",
    "Ruby": r"(?m)^\s*(?:def \w+[?!]?(?:\(.*\))?$|end$|require ')|\bputs\b|\.each do|\bdo \|\w+\|",
    "C#": r"\busing System|\bnamespace \w+|Console\.Write|\bstring \w+|\bvar \w+ = new|\basync Task|\bget; ",
    "shell": r"(?m)^#!/.*sh|^\s*(?:sudo|apt|echo|cd|export|chmod|curl|rm) |\bfi$|\bthen$|^\s*done$",
    "SQL": r"(?im)^\s*(?:select|insert into|update|delete from|create table|alter table|where|from|order by)\b",
    "HTML": r"</?(?:div|p|html|body|head|span|script|table|form|input|a|ul|li|h\d)\b",
    "Rust": r"\bfn \w+|\blet mut |println!|&mut |\bimpl |::new\(",
}
LANGUAGES = ("", *_LANGUAGES)  # of none: code that tells no language


def languages(texts: pl.Series) -> npt.NDArray[np.uint8]:
    """The language of each piece of code, as its place in `LANGUAGES`: that with most signs."""
    none = np.zeros(len(texts), np.int64)
    counts = [texts.str.count_matches(sign).fill_null(0).to_numpy() for sign in _LANGUAGES.values()]
    most: npt.NDArray[np.intp] = np.argmax(np.vstack([none, *counts]), axis=0)
    return most.astype(np.uint8)


def code(texts: pl.Series) -> npt.NDArray[np.bool_]:
    """Whether each text holds code: a fence, or lines of a program."""
    lines = texts.str.count_matches(r"(?m)^.*\S.*$").fill_null(0)
    found = texts.str.count_matches(_LINE).fill_null(0) >= np.minimum(lines.to_numpy(), LINES)
    whole: npt.NDArray[np.bool_] = (
        (found & (lines > 0)) | texts.str.contains(_FENCE).fill_null(value=False)
    ).to_numpy()
    return whole
