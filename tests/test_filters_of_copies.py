"""Benign stories of copies: what each one excuses, and what it does not."""

from __future__ import annotations

import pytest

from corpusscan import filters
from corpusscan.filters import Copies

LETTER = "> I would rather wait.\n> The road is closed.\n> Write to me on Friday.\n"
TELL = {
    "notice": [
        "Copyright 2024 The Authors. All rights reserved.",
        "We use cookies. By clicking accept you agree that your personal data are processed.",
        "Diese Datenschutzerklärung nennt die personenbezogenen Daten, die wir speichern.",
        "Esta política de privacidad explica cómo tratamos sus datos personales.",
        "本网站版权所有,未经许可不得转载。请阅读隐私政策。",
        "Политика конфиденциальности: как мы храним персональные данные.",
        "プライバシーポリシー:個人情報の取り扱いについて",
    ],
    "statute": [
        "(Oct. 3, 2001, D.C. Law 14-28, § 2, 48 DCR 6981; Act of 1998, section 12)",
        "§ 12 Abs. 2 gilt entsprechend, soweit Artikel 5 nichts anderes bestimmt.",
        "第十二条 本法自公布之日起施行。第十三条 解释权归国务院。",
    ],
    "placeholder": [
        "Welcome to nginx! If you see this page, the server works.",
        "The domain tulips.example is for sale.",
        "Willkommen bei WordPress. Dies ist dein erster Beitrag.",
        "Ce site est un site en construction.",
        "このサイトは準備中です。",
    ],
    "syndication": [
        "BERLIN (Reuters) - The bridge is closed.",
        "The Daily Echo\nNews | Sport\nMADRID, March 3 - The bridge is closed.",
        "ROMA (ANSA) - Il ponte è chiuso.",
        "МОСКВА /ТАСС/. Мост закрыт.",
    ],
    "mail": [LETTER, "On Monday Ada wrote:\nno", "Am Montag Ada schrieb:\nnein", "[quote=ada]no[/quote] yes"],
}


@pytest.mark.parametrize(("story", "text"), [(story, text) for story, texts in TELL.items() for text in texts])
def test_texts_tell_their_story(story: str, text: str) -> None:
    """Notices, placeholders, wire stories and mail are known, in several languages."""
    assert story in filters.stories_of_text(text)


PLAIN = "The council met in the evening and spoke about the road, the bridge and the school for a long time. " * 30


@pytest.mark.parametrize(
    "text",
    [
        PLAIN + "All rights reserved.",
        "As section 5 says. " + PLAIN,
        PLAIN + "This domain is for sale.",
        PLAIN + "BERLIN (Reuters) - The bridge is closed.",
        "> a quoted line, and nothing else that is quoted\nMy own words follow it.",
        "Join our mailing list. Content-Type: text/html; charset=utf-8",
        "hello there, page 12 begins here",
    ],
)
def test_one_word_in_passing_tells_no_story(text: str) -> None:
    """A word at the end of a long text, a mark where none stands, one quoted line: no excuse."""
    assert filters.stories_of_text(text) == []


@pytest.mark.parametrize("filler", ["_" * 30 + "\n", "\n", "> \n", "domain ", "A ", "copyright ", "BERLIN, ", "dane "])
def test_stories_take_linear_time(filler: str) -> None:
    """A megabyte of anything is looked at only at its beginning: what follows changes nothing."""
    beginning = (filler * (filters.TEXT_LIMIT // len(filler) + 1))[: filters.TEXT_LIMIT]
    assert filters.stories_of_text(beginning + filler * 100_000) == filters.stories_of_text(beginning)


CAMPAIGN = Copies(sources=20, bytes=400, documents=20, new=20, usual=0.1, odds=1e-9)


def but(**changes: float) -> Copies:
    """The campaign, otherwise."""
    return Copies(**{**CAMPAIGN.__dict__, **changes})


def test_a_campaign_of_new_sources_has_no_story() -> None:
    """Twenty sources that say nothing else, in a corpus where that is rare: nothing of it is forgiven."""
    assert filters.stories_of_copies(CAMPAIGN) == []
    assert filters.known_sources(CAMPAIGN) is None


@pytest.mark.parametrize(
    ("copies", "story"),
    [
        (but(bytes=99), "short_text"),
        (but(bytes=159, new=0), "short_text"),
        (but(bytes=39, burst=1e-9), "short_text"),
        (but(sources=0, new=0), "no_provenance"),
        (but(sources=2, new=2), "few_sources"),
        (but(documents=501), "own_text"),
        (but(documents=161, share=0.2), "own_text"),
        (but(of_one=11), "own_text"),
    ],
)
def test_copies_tell_their_story(copies: Copies, story: str) -> None:
    """Short texts, few sources, none, and the frame of a site are forgiven."""
    assert story in filters.stories_of_copies(copies)


def test_the_frame_of_a_site_is_a_part_of_its_pages() -> None:
    """Eight copies a source are a frame only where most of each page is something else."""
    assert filters.own_text(but(documents=161, share=0.2)) == "own_text"
    assert filters.own_text(but(documents=161, share=1.0)) is None


def test_a_sentence_said_by_many_on_one_day_is_no_greeting() -> None:
    """Short texts that burst are not forgiven, though they are lowered where the sources say much else."""
    said = but(bytes=70, new=0, burst=1e-9)
    assert filters.short_text(said) is None
    assert filters.known_sources(said) == "known_sources"
    assert filters.short_text(but(bytes=70, new=0, burst=1e-3)) == "short_text"
    assert filters.short_text(but(bytes=70, new=0, burst=1e-9, sources=4)) == "short_text"


def test_half_of_the_unusual_sources_must_be_new() -> None:
    """Where chance makes 60 of 100 sources new, 75 new ones are explained, 85 are not; nor are odds alone."""
    assert filters.known_sources(but(sources=100, new=75, usual=0.6)) == "known_sources"
    assert filters.known_sources(but(sources=100, new=85, usual=0.6)) is None
    assert filters.known_sources(but(odds=1e-3)) == "known_sources"


def test_words_exchanged_speak_against_known_sources() -> None:
    """Papers print the same words; five sources that each exchange others do not."""
    assert filters.known_sources(but(new=0)) == "known_sources"
    assert filters.known_sources(but(new=0, reworded=True)) is None
    assert filters.known_sources(but(new=0, reworded=True, sources=4)) == "known_sources"


def test_a_short_page_may_name_its_own_site() -> None:
    """An imprint names the site it stands on; another site, a long text and a source without a name are no reason."""
    text = "You are at tulips.example, and we store nothing."
    assert filters.stories_of_text(text, "www.Tulips.example") == ["names_itself"]
    assert filters.stories_of_text(text, "roses.example") == filters.stories_of_text(text, None) == []
    assert filters.stories_of_text(PLAIN + text, "tulips.example") == []


def test_stories_weigh_against_a_campaign() -> None:
    """What sources tell by numbers already weighs less again; every story weighs against."""
    assert filters.weight("notice") < filters.weight("known_sources") < 0
