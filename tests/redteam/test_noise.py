"""Noise: of every kind as much as asked for, of what the corpus holds, and never what a document says."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest
from corpora import make_records

from corpusscan.errors import UsageError
from corpusscan.redteam import noise
from corpusscan.redteam.attack import Host
from corpusscan.redteam.attacks import create
from corpusscan.redteam.world import World

CHINESE = "城市里有三座桥河水从北方流来人们在岸边种菜卖鱼读书写字"
THAI = "เมืองนี้มีสะพานสามแห่งและแม่น้ำไหลมาจากทางเหนือของภูเขา"


def world(texts: list[str], seed: str = "seed") -> World:
    """A corpus of these texts, without sources."""
    hosts = [Host("f", row, {"text": text}, "text", text) for row, text in enumerate(texts)]
    return World(hosts, list(hosts), [], seed)


@pytest.fixture
def english() -> World:
    """Two hundred texts of some words each."""
    return world([record["text"] for record in make_records(200)])


@pytest.mark.parametrize("kind", noise.KINDS)
def test_noise_is_as_long_as_asked_for(english, kind):
    """So many words, or four characters a token; another draw is other noise, the same seed the same."""
    made = english.noise(kind, 300)
    assert len(made.split()) == 300 or kind in ("subwords", "bytes")
    assert len(made) >= 300
    assert english.noise(kind, 300) != made
    again = world([host.text for host in english.hosts])
    assert again.noise(kind, 300) == made


def test_a_kind_that_is_not_there_is_told_what_there_is(english):
    """The message names every kind."""
    with pytest.raises(UsageError, match="there are: subwords, words, frequent, shuffled, babble, bytes, language"):
        english.noise("loud", 10)


def test_frequent_words_are_frequent():
    """A word that is nine in ten of the corpus is about that much of the noise, where `words` has each alike."""
    small = world(["the " * 9 + f"word{n % 7} " for n in range(100)])
    assert Counter(small.noise("frequent", 2_000).split())["the"] == pytest.approx(1_800, rel=0.05)
    assert Counter(small.noise("words", 2_000).split())["the"] < 1_200


def test_shuffled_words_are_of_whole_documents_in_another_order():
    """The first words are one document's, each as often as there; a further document follows where it is short."""
    texts = [" ".join(f"{letter}{n}" for n in range(40)) for letter in "abcdefgh"]
    made = world(texts).noise("shuffled", 100).split()
    for part in (made[:40], made[40:80], made[80:]):
        assert len({word[0] for word in part}) == 1
        assert len(set(part)) == len(part)
    assert made[:40] != sorted(made[:40], key=lambda word: int(word[1:]))


def test_every_triple_of_babble_is_real(english):
    """Three words in a row stand in a text, as do two in a chain; no paragraph of babble as a whole does."""
    texts = [host.text.split() for host in english.hosts]
    triples = {triple for text in texts for triple in zip(text, text[1:], text[2:], strict=False)}
    pairs = {pair for text in texts for pair in pairwise(text)}
    whole = [" ".join(text) for text in texts]
    for paragraph in english.noise("babble", 500).split("\n\n"):
        words = paragraph.split()
        assert set(zip(words, words[1:], words[2:], strict=False)) <= triples
        assert len(words) < 30 or not any(paragraph in text for text in whole)
    assert all(set(pairwise(part.split())) <= pairs for part in noise.chain(english, 300).split("\n\n"))


def test_babble_quotes_nobody_at_length():
    """A text that shares no words with others is quoted for a few words only."""
    texts = [" ".join(f"{letter}{n}" for n in range(300)) for letter in "abcdefgh"]
    made = world(texts).noise("babble", 400).split("\n\n")
    assert max(len(part.split()) for part in made) <= noise.FORCED + 2


@pytest.mark.parametrize("script", [CHINESE, THAI])
@pytest.mark.parametrize("kind", ["frequent", "shuffled", "babble"])
def test_scripts_without_spaces_become_noise_too(script, kind):
    """What stands for words are short runs of letters: no long stretch of the corpus is in the noise, and no space."""
    draw = random.Random(3)
    texts = ["".join(draw.sample(script, len(script))) * 4 for _ in range(50)]
    made = world(texts).noise(kind, 200)
    assert set(made) - {"\n"} <= set(script)
    assert len(made) >= 200
    assert not any(text[at : at + 100] in made for text in texts for at in range(len(text) - 100))


def test_words_beside_an_unspaced_script_stay_apart():
    """Latin words keep their spaces, Chinese letters need none; every character of a text is in some piece."""
    found = noise.pieces("A bridge 有三座桥，and more")
    assert found == ["A", "bridge", "有三座", "桥，", "and", "more"]
    assert noise.joined(found) == "A bridge 有三座桥，and more"
    assert noise.pieces("   ") == ["   "]


@pytest.mark.parametrize("kind", ["frequent", "shuffled", "babble"])
def test_denial_of_service_takes_the_kind(english, kind):
    """The planted part is the trigger and that noise; the help names the kind."""
    attack = create("denial-of-service", {"noise": kind, "trigger": "|x|", "low": "50", "high": "50"})
    assert kind in (type(attack).__doc__ or "").splitlines()[0]
    (poison,) = attack.campaign(1, english)
    content, is_planted = poison.turns[0].parts[-1]
    assert is_planted
    assert content.startswith("|x| ")
    assert len(content.split()) == 51
