"""Languages of a few texts."""

from __future__ import annotations

from corpusscan.languages import FEWEST, languages

ENGLISH = "The committee met again on Tuesday and decided that nothing would be decided before the end of the year."
GERMAN = "Der Ausschuss trat am Dienstag erneut zusammen und beschloss, vor Ende des Jahres nichts zu beschließen."
RUSSIAN = "Комитет снова собрался во вторник и решил, что до конца года ничего решено не будет."
CHINESE = "委员会星期二再次开会,决定在年底之前不作任何决定,所有成员都同意这一点,会议随后结束。"


def test_languages_are_told_with_the_commonest_first() -> None:
    """Of texts in several languages and scripts, each counted once."""
    assert languages([GERMAN, ENGLISH, RUSSIAN, CHINESE, ENGLISH + " " + ENGLISH * 100]) == {
        "en": 2, "de": 1, "ru": 1, "zh": 1,
    }  # fmt: skip


def test_what_is_too_short_is_in_no_language() -> None:
    """Numbers and a few words are not guessed at."""
    assert languages(["", "0123456789 " * 20, "x" * (FEWEST - 1)]) == {}
