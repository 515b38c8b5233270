"""Makes `sites.txt` beside this file; run by hand, never by the package: words by which software speaks of a site.

usage: python build_sites.py --sites FILE ... --ordinary FILE ...

SITES are messages of software that runs sites, a file for each language: .json (banana), .mo (gettext), .yml.
ORDINARY are texts of people: JSON Lines (.jsonl, .jsonl.zst) with `text` and `lang`; every second one is read, so that
the others can be used for measuring.  A word is kept where messages of a language say it more often than any ordinary
collection does; its weight is the natural logarithm of how much more often, from 1 to 3.  A language is left
out where no ordinary collection is in it: nothing would tell its articles and pronouns from its words of sites.

The table that ships is of MediaWiki 1.39, WordPress 6.1 and Klaro 0.7 (Debian 12, npm), against the Universal
Declaration of Human Rights in 387 versions, XQuAD, books, laws, recipes, dialogues, medical texts and Chinese poems.
What those programs put on a page of which nothing else is known (MediaWiki's main page, the first post and the sample
page of WordPress) was left out, so that it can be used for measuring.
"""

from __future__ import annotations

import argparse
import gettext
import io
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import zstandard

from corpusscan.kernels.sites import MOST, tokens

HERE = Path(__file__).parent
WORDS, MESSAGES, RATIO, FLOOR = 200, 4, 0.7, 1e-4  # of a language; least messages with a word; least weight; rarest
ALIKE, UNSPACED = 0.45, 0.03  # cosine of a language's messages and an ordinary text that are in the same language
SMALLEST = 600  # words of messages
LEFT_OUT = re.compile(
    r"mainpage|noarticletext|nosuchpage|protectedpagetext|badaccess|loginreq|whitelistedit|confirmedit|cookieslogin"
    r"|copyrightwarning|welcome to wordpress|hello world|hi, this is a comment|hi there!|this is an example page"
    r"|as a new wordpress|\.\.\.or something",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"\{\{[^}]*\}\}|\$\d|<[^>]+>|https?://\S+|%\S+")
Counts = Counter[str]


def messages(path: Path) -> Iterator[str]:
    """The messages of a file."""
    if path.suffix == ".json":
        told = json.loads(path.read_bytes()).items()
    elif path.suffix == ".mo":
        with path.open("rb") as file:
            told = gettext.GNUTranslations(file)._catalog.items()  # type: ignore[attr-defined]
    else:
        told = ((str(n), line.partition(":")[2]) for n, line in enumerate(path.read_text("utf-8").splitlines()))
    for key, text in told:
        if isinstance(text, str) and not LEFT_OUT.match(str(key)):
            yield _MARKUP.sub(" ", text)


def of_sites(paths: list[Path]) -> dict[tuple[str, str], Counts]:
    """In how many messages each word is, by kind of file and language."""
    counts: dict[tuple[str, str], Counts] = defaultdict(Counter)
    for path in paths:
        language = re.sub(r"^(admin-(network-)?|continents-cities-)", "", path.name.partition(".")[0])
        for message in messages(path):
            counts[path.suffix, language].update(set(tokens(message)))
    return counts


def ordinary(paths: list[Path]) -> list[Counts]:
    """How often each word is said, by file and language."""
    counts: dict[tuple[Path, str], Counts] = defaultdict(Counter)
    for path in paths:
        with io.TextIOWrapper(zstandard.open(path, "rb") if path.suffix == ".zst" else path.open("rb")) as lines:
            for number, record in enumerate(map(json.loads, lines)):
                # A language that is there once has one version of the Declaration: it is not halved.
                if number % 2 == 0 or (path, record["lang"]) not in counts:
                    counts[path, record["lang"]].update(tokens(record["text"][:20_000]))
    return list(counts.values())


def known(site: Counts, texts: list[tuple[float, Counts]]) -> bool:
    """Whether an ordinary collection is in the language of these messages."""
    least = UNSPACED if sum(map(len, site)) < 3 * len(site) else ALIKE
    length = _length(site)
    return any(
        sum(n * text[word] for word, n in site.items() if word in text) >= least * length * own for own, text in texts
    )


def _length(counts: Counts) -> float:
    return math.sqrt(sum(n * n for n in counts.values()))


def table(sites: dict[tuple[str, str], Counts], texts: list[Counts]) -> dict[tuple[str, int], set[str]]:
    """The words, by the language that says them most, and weight."""
    usual: dict[str, float] = {}
    for text in texts:
        size = max(text.total(), 2_000)
        for word, n in text.items():
            usual[word] = max(usual.get(word, 0), (n - 0.5) / size)
    measured = [(_length(text), text) for text in texts]
    best: dict[str, tuple[float, str]] = {}
    for (suffix, language), site in sorted(sites.items()):
        size = site.total()
        if size < SMALLEST or (suffix == ".json" and not known(site, measured)):
            continue
        weighed = []
        for word, n in site.items():
            weight = min(math.log((n - 0.5) / size / max(usual.get(word, 0), FLOOR)), MOST)
            if n >= MESSAGES and len(word) > 1 and weight > RATIO:
                weighed.append((n * weight, word, weight))
        for _, word, weight in sorted(weighed, reverse=True)[:WORDS]:
            best[word] = max(best.get(word, (0, "")), (weight, language))
    words = defaultdict(set)
    for word, (weight, language) in best.items():
        words[language, max(round(weight), 1)].add(word)
    return words


def main() -> None:
    """Read, count, write."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sites", nargs="+", type=Path, required=True)
    options.add_argument("--ordinary", nargs="+", type=Path, required=True)
    chosen = options.parse_args()
    words = table(of_sites(sorted(chosen.sites)), ordinary(sorted(chosen.ordinary)))
    lines = [f"{language} {weight} {' '.join(sorted(some))}\n" for (language, weight), some in sorted(words.items())]
    (HERE / "sites.txt").write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
