"""What honest copies say of themselves, in many languages: notices, placeholders, mail, wire stories.

An attacker may write the same words: what a text says of itself lowers a group of copies, and clears none.
Patterns look for whole words where a script has spaces, and nowhere take more than linear time.  RE2 says in
a moment of most texts that they hold nothing of the kind: it is asked first, without the ends of words, which
it knows in ASCII only.
"""

from __future__ import annotations

import re
from typing import Any

import re2


class Claim:
    """A pattern that few texts match."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._exact = re.compile(pattern, flags)
        wider = pattern
        for part, more in _WIDER.items():
            wider = wider.replace(part, more)
        letters = "".join(name for name, flag in (("i", re.IGNORECASE), ("m", re.MULTILINE)) if flags & flag)
        self._rough = re2.compile(f"(?{letters}){wider}" if letters else wider, _quiet())

    def count(self, text: str) -> int:
        """How often it occurs."""
        return len(self._exact.findall(text)) if self._rough.search(text) else 0

    def covered(self, text: str, reach: int) -> float:
        """The share of a text that lies within `reach` characters of an occurrence: how much of it speaks so."""
        covered = end = 0
        if self._rough.search(text):
            for found in self._exact.finditer(text):
                begin = max(found.start() - reach, end)
                end = min(max(found.end() + reach, end), len(text))
                covered += max(end - begin, 0)
        return covered / max(len(text), 1)

    def occurs(self, text: str) -> bool:
        """Whether it does."""
        return bool(self._rough.search(text) and self._exact.search(text))


# What Python matches, and RE2 only in ASCII or not at all, in a form that matches no less.
_WIDER = {
    r"[^\w\n]": r"[^\n]", r"[^\W\d_]": r"\pL", r"[\w .,/'’-]": r"[\pL\pN\pM_ .,/'’-]",
    r"\b": "", r"\w": r"[\pL\pN\pM_]", r"\s": r"[\s\pZ\x0b\x1c-\x1f\x{85}]", r"\d": r"\pN",
}  # fmt: skip


def _quiet() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


NOTICE = Claim(
    r"\b(?:all rights reserved|copyright|licen[sc]ed? under|permission is hereby granted|without warranty"
    r"|redistribut\w+|general public licen[sc]e|free software|public domain|creative commons|merchantability"
    r"|terms of (?:use|service)|privacy (?:policy|notice|statement)|cookies?|personal data|unsubscribe"
    r"|supervisory authority|aufsichtsbehörde|autorité de contrôle|autoridad de control|persönliche[nr]? daten"
    r"|page not found|access denied|javascript (?:is|must be) (?:dis|en)abled"
    r"|urheberrecht|impressum|datenschutz\w*|personenbezogen\w*"
    r"|mentions légales|données personnelles|politique de confidentialité"
    r"|todos los derechos|aviso legal|datos personales|política de privacidad"
    r"|dados pessoais|política de privacidade|dati personali|informativa sulla privacy|privacybeleid|privacyverklaring"
    r"|persoonsgegevens|polityk\w+ prywatności|dan\w+ osobow\w+|plik\w+ cookie|kişisel veri\w*|gizlilik|çerez\w*"
    r"|персональны\w+ данны\w+|конфиденциальност\w+|файл\w+ cookie|авторски\w+ прав\w*)\b"
    r"|保留所有权利|版权所有|隐私政策|隐私声明|个人信息|個人情報|プライバシーポリシー|著作権|クッキー|개인정보|저작권|쿠키"
    r"|سياسة الخصوصية|ملفات تعريف الارتباط|حقوق النشر|गोपनीयता|कुकी",
    re.IGNORECASE,
)
PLACEHOLDER = Claim(
    r"\b(?:welcome to (?:nginx|apache|wordpress|iis)|(?:apache\d?|default|test) (?:web )?page"
    r"|(?:this is|dies ist|ceci est|esta es|questo è|esse é|este é|dit is|to jest|это) "
    r"(?:your|dein|votre|tu|il tuo|o seu|je|twój|ваша) "
    r"(?:first|erster|premier|première|primera|primo|primeiro|eerste|pierwszy|первая) \w+"
    r"|under construction|site is coming soon|account (?:has been )?suspended"
    r"|being set up|wird (?:gerade|derzeit|zurzeit) (?:eingerichtet|überarbeitet|aufgebaut)"
    r"|en cours de (?:construction|configuration)|no (?:content|web ?site) (?:has been|was|is)"
    r"|domain\b.{0,60}\b(?:for sale|parked|registered)|domain\b.{0,60}\b(?:steht zum verkauf|geparkt|registriert)"
    r"|(?:noch )?keine inhalte|(?:seite|website) (?:ist )?im aufbau|site en construction|domaine\b.{0,60}\bà vendre"
    r"|sitio en construcción|dominio\b.{0,60}\b(?:en venta|in vendita|registrado|registrato)|sito in costruzione"
    r"|em construção|domínio\b.{0,60}\bà venda|in aanbouw|domein\w*\b.{0,60}\bte koop|strona w budowie"
    r"|domena\b.{0,60}\bsprzedaż|сайт\b.{0,30}\bв разработке"
    r"|домен\b.{0,60}\b(?:прода[её]тся|зарегистрирован|припаркован)"
    r"|yapım aşamasında|alan adı\b.{0,60}\bsatılık)"
    r"|网站建设中|域名.{0,30}(?:出售|转让|停放)|准备中|準備中|工事中|コンテンツが.{0,10}されていません"
    r"|ドメイン.{0,30}販売|준비 ?중"
    r"|(?:最初|初めて)の(?:投稿|記事)|您?的?第一篇文章|첫 (?:번째 )?글|مقالتك الأولى|ilk yazınız"
    r"|قيد الإنشاء|निर्माणाधीन",
    re.IGNORECASE,
)
STATUTE = Claim(
    r"§|\b(?:(?:sub)?sections? \(?\d|(?:act|law) (?:no\. ?)?\d|act of \d{4}|U\.S\.C|pub\. l\.|stat\. \d|pursuant to"
    r"|art(?:icle|ikel|ículo|igo|icolo|\.) \d|abs(?:atz|\.) \d|ley \d|décret|стать[яи] \d|пункт[аы]? \d|md\. \d)"
    r"|第[\d一二三四五六七八九十百]{1,6}[条條]|제\d{1,4}조|المادة",
    re.IGNORECASE,
)
_LIST = (
    r"^_{20,}\s*\n[^\n]*\bmailing list|/listinfo/|unsubscribe from this (?:group|list)"
    r"|^[^\n]{0,60}\bthis (?:mailing )?list is\b"
)
LIST = Claim(_LIST, re.IGNORECASE | re.MULTILINE)
MAIL = Claim(
    r"(?:^[ \t]{0,3}>[^\n]*\n){3}|^-{3,} ?(?:original|forwarded|ursprüngliche|weitergeleitete) (?:message|nachricht)"
    r"|\b(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|пишет|写道)[ \xa0]?[:：][ \t]*$"
    r"|multi-?part message in mime format|\[quote\b|" + _LIST,
    re.IGNORECASE | re.MULTILINE,
)
DATELINE = re.compile(
    r"^[^\w\n]{0,3}(?:[^\W\d_][\w .,/'’-]{1,60}"
    r"\((?i:reuters|ap|afp|dpa|efe|ansa|upi|xinhua|tass|kyodo|pti|cp|apa|lusa|pap)\)"
    r"|[A-Z][A-Z .'-]{2,40}, (?:[A-Z][a-z]{2,8}\.? \d{1,2}|\d{1,2} [A-Z]?[a-z]{2,8})\b"
    r"|[^\n]{0,60}/(?:PRNewswire|Business Wire|ТАСС)/|.{0,6}新华社.{2,12}日电|.{0,10}[=＝]共同】)",
    re.MULTILINE,
)
