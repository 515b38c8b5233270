"""Labelled data sets for the benchmarks of labels: texts and labels, from the folder that is given."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import zstandard

from corpusscan.kernels.intervals import interval

Record = dict[str, Any]


class Kind(NamedTuple):
    """Where a set lies, and which of its records are of it."""

    file: str
    mine: Callable[[Record], bool]


def _all(_: Record) -> bool:
    return True


def _corpus(name: str) -> Callable[[Record], bool]:
    return lambda record: (record["meta"] or {}).get("corpus") == name


def _clean(record: Record) -> bool:
    return record["is_attack"] is False


SETS = {
    "sms_spam": Kind("redistributable/label/sms_spam", _all),
    "ag_news": Kind("restricted/label/ag_news", _all),
    "imdb": Kind("restricted/label/imdb_reviews", _all),
    "masakhanews": Kind("restricted/label/masakhanews", _all),
    "subjectivity": Kind("redistributable/clean/nltk_open", _corpus("subjectivity")),
    "movie_reviews": Kind("redistributable/clean/nltk_open", _corpus("movie_reviews")),
    "pros_cons": Kind("redistributable/clean/nltk_open", _corpus("pros_cons")),
    "reuters": Kind("restricted/clean/reuters21578", _all),
    "sst2": Kind("redistributable/attack-backdoor/hiddenkiller", _clean),
    "spamassassin": Kind("redistributable/neardup/spamassassin", _all),
    "covid_tweets": Kind("redistributable/misinfo/covid_fake_tweets", _all),
    "covid_rumors": Kind("redistributable/misinfo/covid_rumors", _all),
    "liar": Kind("restricted/misinfo/liar", _all),
    "fakebr": Kind("restricted/misinfo/fakebr", _all),
    "fakenews_spanish": Kind("redistributable/misinfo/fakenews_spanish", _all),
    "weibo_rumors": Kind("restricted/misinfo/weibo_rumors_ced", _all),
    "healthver": Kind("restricted/misinfo/healthver", _all),
    "coaid": Kind("restricted/misinfo/coaid", _all),
    "climate_fever": Kind("restricted/misinfo/climate_fever", _all),
    "truthfulqa": Kind("redistributable/factual/truthfulqa", _all),
    "sentinel_prompts": Kind("redistributable/attack-injection/sentinel_prompts", _all),
}


def records(data: Path, name: str, most: int = 0) -> list[Record]:
    """The records of a set (text, label, meta), or so many of them, drawn once and for all."""
    found = [one for one in lines(data / f"{SETS[name].file}.jsonl.zst") if SETS[name].mine(one)]
    if most and most < len(found):
        found = [found[n] for n in np.sort(np.random.default_rng(1).permutation(len(found))[:most])]
    return found


def lines(path: Path, most: int | None = None) -> Iterator[Record]:
    """The records of a file, or so many of its first ones."""
    with zstandard.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, islice(file, most))


def rate(part: int, whole: int, digits: int = 0) -> str:
    """A rate and its 95 % interval (Clopper and Pearson), in per cent."""
    low, high = interval(part, whole, 0.025)
    share = 100 * part / max(whole, 1)
    return f"{part}/{whole} = {share:.{digits}f} [{100 * low:.{digits}f}, {100 * high:.{digits}f}] %"


def write(path: Path, found: list[Record]) -> Path:
    """The texts and labels as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": one["text"], "label": one["label"]}) + "\n" for one in found)
    return path
