"""What is forgiven and why: benign stories that explain a finding and lower it.

Each filter is a small function that returns the reason to forgive, or None; the reason goes into
the evidence, so a reviewer can disagree.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from corpusscan.kernels import surprise
from corpusscan.kernels.stories import stories_of_text as stories_of_text  # noqa: PLC0414  # asked for here

FEW_SOURCES = 3
MOST_OF_A_SOURCE = 25  # copies a source, from which on they are its own boilerplate
FRAME_OF_A_SOURCE = 8  # copies a source, where most of each page is something else
REWORDED_SOURCES = 5
CHANCE = 1e-4  # odds above which new sources are no surprise
DECADE = 0.2  # copies so much nearer to one another than to all else surprise at odds that are ten times as high
SHORT_BYTES = 160  # about 40 tokens: greetings, headings, single verses repeat in honest text
BRIEFEST_BYTES = 40  # a sentence: several sources that say it on the same days had it from somewhere
CHEAP = frozenset(("mail", "names_host", "statute", "syndication"))  # a line or a sign suffices to tell them
ONLY_WEIGHED = frozenset(("names_host",))  # lower no severity
SHORTEST_BYTES = 100  # what is shorter says too little, whoever repeats it, and is sampled too thinly


@dataclass(frozen=True)
class Copies:
    """What is known of a group of equal documents."""

    sources: int  # distinct; 0 where the corpus names none
    bytes: int  # of a copy
    documents: int = 0
    of_one: int = 0  # of these, from the source with the most, where it says much else besides
    new: int = 0  # sources of which at least half of all documents are in the group
    usual: float = 0.0  # the share of sources that are new where copies are honest, in this corpus
    odds: float = 1.0  # that so many of them are new by chance, in any of the groups
    burst: float = 1.0  # that they fall into so few days by chance, in any of the groups
    share: float = 1.0  # of their documents that they are
    reworded: bool = False  # single words exchanged here and there, in each copy others
    apart: float = 0.0  # the share of the way to equality that they are nearer to one another than to all else
    unnamed: bool = False  # nothing that most of them name


def surprising(copies: Copies) -> bool:
    """Whether half of the sources that chance would not have made new are new, and chance seldom makes so many."""
    chance = CHANCE * 10 ** (copies.apart / DECADE)
    return surprise.excess(copies.new, copies.sources, copies.usual) >= 0.5 and copies.odds <= chance


def bursting(copies: Copies) -> bool:
    """Whether several sources said it within days, in a corpus whose other copies are spread over more."""
    return copies.sources >= REWORDED_SOURCES and copies.burst <= CHANCE


def short_text(copies: Copies) -> str | None:
    """Short texts repeat by themselves; not in many sources that say nothing else, nor in many at once."""
    least = BRIEFEST_BYTES if bursting(copies) else SHORTEST_BYTES if surprising(copies) else SHORT_BYTES
    return "short_text" if copies.bytes < least else None


def no_provenance(copies: Copies) -> str | None:
    """Without sources nobody can tell a campaign from boilerplate, a mirror or an upsampled document."""
    return "no_provenance" if not copies.sources else None


def few_sources(copies: Copies) -> str | None:
    """One site repeats its own text; a campaign needs several mouths."""
    return "few_sources" if 0 < copies.sources < FEW_SOURCES else None


def own_text(copies: Copies) -> str | None:
    """Sites that each repeat it on page after page: their own frame, even where others hold some of it too."""
    most = FRAME_OF_A_SOURCE if copies.share < 0.5 else MOST_OF_A_SOURCE
    frame = copies.documents > most * copies.sources or 2 * copies.of_one > copies.documents
    return "own_text" if copies.sources and frame else None


def known_sources(copies: Copies) -> str | None:
    """Sources that say much else besides: papers print the same story, pages quote the same lines.

    None of them exchanges words here and there, and a campaign's own sources say nothing else.
    """
    reworded = copies.reworded and copies.sources >= REWORDED_SOURCES
    return None if surprising(copies) or reworded else "known_sources"


def manner(copies: Copies) -> str | None:
    """Texts that name nothing in common are of one language, or of one manner of writing."""
    return "manner" if copies.unnamed else None


OF_COPIES: tuple[Callable[[Copies], str | None], ...] = (short_text, no_provenance, few_sources, own_text, manner)


def stories_of_copies(copies: Copies) -> list[str]:
    """Every benign story that explains why there are these copies."""
    return [reason for story in OF_COPIES if (reason := story(copies))]


def unbelieved(copies: Copies) -> frozenset[str]:
    """The stories that these copies may not tell: a dateline or a quoted line makes no paper of a new host."""
    return CHEAP if surprising(copies) else frozenset()


def weight(story: str) -> float:
    """What a story weighs against a campaign, as a logarithm of odds; two of them are weighed by numbers, too."""
    return -1.0 if story in ("known_sources", "short_text") else -3.0


# --- attacks that are quoted -----------------------------------------------------------------------

FRAME = 6  # ideas of security writing round a quotation that make it one
STRONG_FRAME = 8  # for what an article has less reason to show in full
REACH = 3_000  # characters before and behind a finding that are its surroundings
_MARKS = (("“", "”"), ("„", "“"), ("”", "”"), ("«", "»"), ("»", "«"), ("‘", "’"), ("「", "」"), ("『", "』"))
_STRONG_ONLY = frozenset(("backdoor_trigger", "denial_of_service", "hidden_text", "tampering"))
_TOLD = frozenset(("prompt_injection",))  # what can be told in a sentence as well as quoted
_PARAGRAPH = re.compile(r"\n[ \t]*\n")
_FENCE = re.compile(r"^[ \t>]{0,8}(?:```|~~~)", re.MULTILINE)
_SENTENCE = re.compile(r"[.!?][ \n]|[。！？\n]")
_WORDS = {  # one idea each, in a dozen languages
    "attack": (
        r"attack(?!er)|angriff|ataque|attaque|attacc|атак|攻击(?!者)|攻擊(?!者)|攻撃(?!者)|공격(?!자)|هجوم"
        r"|हमल[ाे]|saldırı(?!gan)|serangan|tấn công|\batak"
    ),
    "injection": (
        r"inject|inyecci|injeç|iniezion|инъекц|внедрен|注入|インジェクション|인젝션|주입|حقن|इंजेक्शन"
        r"|enjeksiyon|injeksi"
    ),
    "vulnerability": (
        r"vulnerab|schwachstell|sicherheitsl|уязвим|вразлив|漏洞|脆弱|弱點|취약|ثغر|भेद्य|कमज़ोर|güvenlik açı"
        r"|kerentanan|lỗ hổng|podatno"
    ),
    "prevention": (
        r"mitigat|prevent(?:ion|ative|ive)|countermeasure|remediat|safeguard|verhinder|gegenmaßnahm|abwehr"
        r"|mitiga|prevenci|prévention|prevenç|prevenzion|предотвращ|смягч|缓解|緩解|防御|防禦|防护|预防|預防"
        r"|対策|軽減|防止|완화|방지|예방|대응|تخفيف|الوقاية|शमन|रोकथाम|önlem|pencegahan|phòng ngừa|zapobieg"
    ),
    "malice": (
        r"malicious|bösartig|böswillig|malintenc|malicios|malveillan|malintenzionat|maligno|вредонос"
        r"|злонамерен|恶意|惡意|悪意|악의|악성|ضار|خبيث|दुर्भावना|kötü niyet|kötü amaç|berbahaya|độc hại"
        r"|złośliw"
    ),
    "scenario": (
        r"scenari|szenari|escenario|scénario|cenário|сценари|场景|情境|シナリオ|시나리오|سيناريو|परिदृश्य"
        r"|senaryo|skenario|kịch bản|scenariusz|case stud"
    ),
    "exploit": (r"payload|exploit|jailbreak|bypass|越狱|越獄|脱獄|탈옥|обход|umgeh"),
    "security": (
        r"securit|sicherheit|seguridad|sécurité|segurança|sicurezza|безопасност|безпек|安全|セキュリティ|보안"
        r"|الأمن|أمان|सुरक्षा|güvenlik|keamanan|bảo mật|bezpieczeń"
    ),
    "attacker": (
        r"attacker|adversar|hacker|angreifer|angreifend|atacante|attaquant|attaccante|aggressor|злоумышлен"
        r"|зловмисн|атакующ|攻击者|攻擊者|攻撃者|공격자|المهاجم|مهاجم|हमलावर|saldırgan|penyerang|kẻ tấn công"
        r"|napastnik|red[- ]team"
    ),
    "trade": (
        r"owasp|mitre|\bcve-\d|arxiv|\bcwe-\d|et al\.|threat model|penetration test|guardrail|sanitiz"
        r"|hardening"
    ),
    "breach": (
        r"unauthori[sz]ed|exfiltrat|privilege|leak(?:age|ed|s)\b|compromis|unbefugt|no autorizad|non autoris"
        r"|não autorizad|non autorizzat|несанкционирован|未经授权|未授权|未經授權|不正|권한|غير مصرح|अनधिकृत"
        r"|yetkisiz|tidak sah|trái phép"
    ),
    "model": (
        r"llm|language model|sprachmodell|modelos? de len|modelo de ling|modèles? de lang|modell[oi] linguist"
        r"|языков\w+ модел|语言模型|語言模型|大模型|言語モデル|언어 모델|نموذج لغ|نماذج لغ|भाषा मॉडल|dil model"
        r"|model bahasa|mô hình ngôn ngữ"
    ),
}
_IDEAS = tuple(re.compile(words, re.IGNORECASE) for words in _WORDS.values())
_ACTOR = re.compile(
    _WORDS["attacker"] + r"|malicious (?:user|actor|prompt|instruction)|prompt injection|böswillige|usuario malicioso"
    r"|utilisateur malveillant|utente malintenzionato|悪意のあるユーザ|恶意用户|악의적인 사용자",
    re.IGNORECASE,
)


def quoted(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The quotation, block of code or quoted line that a finding begins or ends in; its borders in the text.

    Only its paragraph counts, and of that what is near, so a lone mark far above opens nothing.
    """
    head, tail = _paragraph(text, start, end)
    for place in dict.fromkeys((start, max(end - 1, start))):
        if found := _fenced(text, place) or _between_marks(text, head, place, tail):
            return found
    line = text.rfind("\n", head, start) + 1 or head
    return (line, tail) if text[line:start].lstrip(" \t").startswith(">") else None


def told(text: str, start: int, end: int) -> tuple[int, int] | None:
    """The finding itself, where its sentence tells of an attacker or an injection before it comes to the words."""
    head, _ = _paragraph(text, start, end)
    before = text[max(head, start - 400) : start]
    last = max((found.end() for found in _SENTENCE.finditer(before)), default=0)
    return (start, end) if _ACTOR.search(before, last) else None


def security_writing(text: str, start: int, end: int, begin: int, stop: int) -> int:
    """How many ideas of security writing stand round a finding, but outside of text[begin:stop].

    An idea counts once however often it is named, and what is quoted counts for nothing: no payload excuses itself.
    """
    begin, stop = min(begin, start), max(stop, end)
    before, behind = text[max(begin - REACH, 0) : begin], text[stop : stop + REACH]
    return sum(1 for idea in _IDEAS if idea.search(before) or idea.search(behind))


def quotation(text: str, start: int, end: int, attack: str) -> str | None:
    """An attack that security writing shows or tells is no attack on who reads it; why, or None where it is none.

    To have a finding lowered, an attacker must put it between marks, in a block of code, or into a sentence about an
    attacker, and write round it what an article would say: six different ideas (attack, attacker, injection,
    vulnerability, prevention, malice, scenario, security, ...) within 3000 characters, eight for triggers,
    control tokens and hidden text, none of them inside the quotation.  Marks alone, or one such word, do nothing.
    Whoever does all that has written a warning that quotes the payload; it stays a finding at `low` and counts in
    groups of copies as before.
    """
    hard = attack in _STRONG_ONLY
    passage = quoted(text, start, end)
    reason = "quoted_in_security_writing"
    if passage is None and attack in _TOLD:
        passage, reason = told(text, start, end), "told_in_security_writing"
    if passage is None:
        return None
    return reason if security_writing(text, start, end, *passage) >= (STRONG_FRAME if hard else FRAME) else None


def _paragraph(text: str, start: int, end: int) -> tuple[int, int]:
    """The paragraph round a span, of which at most `REACH` characters before and behind are read."""
    low, high = max(start - REACH, 0), min(end + REACH, len(text))
    head = max((found.end() for found in _PARAGRAPH.finditer(text, low, start)), default=low)
    following = _PARAGRAPH.search(text, end, high)
    return head, following.start() if following else high


def _fenced(text: str, place: int) -> tuple[int, int] | None:
    """The fenced block that a place lies in, if both its fences are near."""
    fences = [found.start() for found in _FENCE.finditer(text, max(place - REACH, 0), min(place + REACH, len(text)))]
    inside = [(a, b) for a, b in pairwise(fences) if a <= place < b]
    return inside[0] if inside and sum(fence <= place for fence in fences) % 2 else None


def _between_marks(text: str, head: int, place: int, tail: int) -> tuple[int, int] | None:
    """The nearest pair of quotation marks or backticks of the paragraph that a place stands between."""
    for opening, closing in _MARKS:
        left, right = text.rfind(opening, head, place), text.find(closing, place, tail)
        if left >= 0 and right >= 0 and (opening == closing or text.find(closing, left + 1, place) < 0):
            return left, right + 1
    for mark in '"`':
        if text.count(mark, head, place) % 2 and (right := text.find(mark, place, tail)) >= 0:
            return text.rfind(mark, head, place), right + 1
    return None


_MAIL_PART = re.compile(r"^Content-Transfer-Encoding:\s*(base64|quoted-printable)", re.IGNORECASE | re.MULTILINE)
_MAIL_BYTES, _MAIL_HEADER = 65_536, 600  # characters before a passage that are its part, and its header


def mail_part(before: str) -> str | None:
    """Mail encodes its parts, and says so in the header before them, which ends with an empty line."""
    header = before[-_MAIL_BYTES:].replace("\r\n", "\n").rpartition("\n\n")[0]
    return "mail_part" if _MAIL_PART.search(header[-_MAIL_HEADER:]) else None
