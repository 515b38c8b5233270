"""Honest texts that are full of invisible characters, marks, selectors, isolates and mixed scripts.

Sentences as people write them, by custom; `texts` puts them together in many ways, always the same ones.
"""

from __future__ import annotations

import random
import unicodedata

ZWNJ, ZWJ, ZWSP, SHY, LRM, RLM, ALM = "\u200c", "\u200d", "\u200b", "\xad", "\u200e", "\u200f", "\u061c"
FSI, LRI, RLI, PDI, LRE, RLE, PDF = "\u2068", "\u2066", "\u2067", "\u2069", "\u202a", "\u202b", "\u202c"

SENTENCES: dict[str, list[str]] = {
    "persian": [
        f"می{ZWNJ}خواهم به خانه{ZWNJ}ای در شهر بروم و کتاب{ZWNJ}هایم را بیاورم.",
        f"این برنامه{ZWNJ}ها را نمی{ZWNJ}توان در رایانه{ZWNJ}های قدیمی اجرا کرد.",
        f"آن{ZWNJ}ها گفته{ZWNJ}اند که فایل PDF{ZWNJ}ها را فردا می{ZWNJ}فرستند.",
        f"بچه{ZWNJ}ها زیر درخت نشسته{ZWNJ}اند و قصه می{ZWNJ}شنوند.",
        f"نرم{ZWNJ}افزار Firefox{RLM} یکی از پراستفاده{ZWNJ}ترین مرورگرهاست.",
    ],
    "urdu": [
        f"یہ کتاب{ZWNJ}خانہ شہر کے بیچ میں ہے اور سب کے لیے کھلا ہے۔",
        "ہم نے کل شام دریا کے کنارے چائے پی اور پرانے گیت سنے۔",
        f"خوش{ZWNJ}نما باغ میں بچے کھیل رہے تھے۔",
    ],
    "arabic": [
        "بِسْمِ اللَّهِ الرَّحْمَٰنِ الرَّحِيمِ",
        f"زار الوفد مدينة القاهرة{RLM} (Cairo){RLM} في عام ٢٠١٩.",
        f"رقم الهاتف هو {LRE}+20 2 555 0199{PDF} والعنوان {LRI}12 Main St.{PDI} في المدينة.",
        "الكِتَابُ خَيْرُ جَلِيسٍ فِي الزَّمَانِ.",
        "\ufdfa \ufefb \ufe8d\ufedf\ufeb4\ufefc\ufee1 كتابة قديمة بأشكال العرض.",
        f"نشرت شركة {FSI}Example Corp.{PDI} تقريرها السنوي{ALM} يوم الاثنين.",
    ],
    "hebrew": [
        "בְּרֵאשִׁ֖ית בָּרָ֣א אֱלֹהִ֑ים אֵ֥ת הַשָּׁמַ֖יִם וְאֵ֥ת הָאָֽרֶץ׃",
        f"החברה {LRM}IBM{LRM} פתחה משרד חדש בתל אביב{RLM}.",
        f"המחיר הוא {LRI}$25.00{PDI} בלבד, והכתובת {RLE}רחוב הרצל 5{PDF}.",
        "יְרוּשָׁלַ\u034fִם עִיר הַקֹּדֶשׁ.",
        f"כתב על הלוח {RLE}שלום עולם{PDF} והלך הביתה.",
    ],
    "hindi": [
        "मुझे हिन्दी में लिखना अच्छा लगता है, और क्\u200dष तथा र्\u200dय भी।",
        "विद्\u200cयालय के बच्चे आज पुस्तकालय गए।",
        "गाँव की नदी के किनारे हर साल मेला लगता है।",
    ],
    "bengali": ["আমি বাংলায় গান গাই, র\u200d্যাব ও র\u200d্যালি দুটোই লেখা হয়।", "সে বইটি টেবিলের উপর রেখেছে।"],
    "malayalam": ["അവന്\u200d വീട്ടില്\u200d പോയി, അവള്\u200d സ്കൂളില്\u200d നിന്ന് വന്നു.", "മലയാളം മധുരമായ ഭാഷയാണ്."],
    "kannada": ["ಅವರು ರ\u200d್ಯಾಂಕ್ ಪಡೆದರು ಮತ್ತು ಸಾಫ್ಟ್\u200cವೇರ್ ಬರೆದರು.", "ಕನ್ನಡ ನಾಡು ಸುಂದರವಾಗಿದೆ."],
    "telugu": ["సాఫ్ట్\u200cవేర్ మరియు ఫేస్\u200cబుక్ గురించి చదివాను.", "మా ఊరిలో పెద్ద చెరువు ఉంది."],
    "tamil": ["க்\u200cஷ மற்றும் ஸ்ரீ எழுத்துகள் பழமையானவை.", "தமிழ் இனிமையான மொழி."],
    "sinhala": ["ශ්\u200dරී ලංකාව සුන්දර දිවයිනකි.", "ක්\u200dෂේත්\u200dරය හා ප්\u200dරශ්නය."],
    "marathi": ["त्यांनी घरी सुऱ्\u200dया आणल्या आणि दऱ्\u200dया पाहिल्या.", "पुण्यात पाऊस पडतो आहे."],
    "nepali": ["उनीहरू गर्\u200dछन् भने हामी पनि गर्\u200dयौं।", "काठमाडौं ठूलो सहर हो।"],
    "gujarati": ["ગુજરાતમાં ક્\u200dષેત્રો સુંદર છે.", "તે શાળાએ ગયો."],
    "thai": [
        f"ภาษาไทย{ZWSP}ไม่มี{ZWSP}ช่องว่าง{ZWSP}ระหว่าง{ZWSP}คำ",
        "ที่นี่มีน้ำใสและปลาเยอะ ผู้คนใจดี",
        "กรุงเทพฯ เป็นเมืองใหญ่ มีวัดเก่าแก่มากมาย",
    ],
    "khmer": [f"ភាសា{ZWSP}ខ្មែរ{ZWSP}ជា{ZWSP}ភាសា{ZWSP}ផ្លូវការ។", f"ខ្ញុំ{ZWSP}ទៅ{ZWSP}សាលា{ZWSP}រាល់{ZWSP}ថ្ងៃ។"],
    "lao": [f"ພາສາ{ZWSP}ລາວ{ZWSP}ເປັນ{ZWSP}ພາສາ{ZWSP}ທາງການ", "ຂ້ອຍໄປຕະຫຼາດທຸກມື້"],
    "burmese": [f"မြန်မာ{ZWSP}ဘာသာ{ZWSP}စကားသည်{ZWSP}လှပသည်။", "ကျွန်တော်တို့ ကျောင်းသွားကြသည်။"],
    "tibetan": [f"བོད་ཀྱི་{ZWSP}སྐད་ཡིག་{ZWSP}ནི་སྙན་པོ་ཡོད།", "ཨོཾ་མ་ཎི་པདྨེ་ཧཱུྃ།", "རྒྱལ་པོའི་ལོ་རྒྱུས་བསྒྲིགས།"],
    "mongolian": ["ᠮᠣᠩᠭᠣᠯ\u180eᠠ ᠪᠢᠴᠢᠭ\u180c ᠦᠨ\u180b ᠦᠰᠦᠭ", "ᠬᠠᠭᠠᠨ\u180d ᠤ\u202f ᠣᠷᠳᠣᠨ"],
    "emoji": [
        "Our family 👨‍👩‍👧‍👦 went to the beach 🏖️ and the dog 🐕‍🦺 came along ❤️‍🔥.",
        "Press 1️⃣ or #️⃣ and wait ⏳︎ for the ✔︎ sign; then ▶️ starts.",
        "Flags: 🇩🇪🇯🇵 🏴󠁧󠁢󠁥󠁮󠁧󠁿 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🏴󠁧󠁢󠁷󠁬󠁳󠁿 🏳️‍🌈 🏴‍☠️ 🏳️‍⚧️.",
        "👩🏽‍🚀 and 👩🏿‍⚕️ waved 👋🏻 at the 🧑‍🤝‍🧑; ☺️☺️☺️ and ❤️❤️ all round.",
        "Copyright ©️ and ™️ and ℹ️, Ⓜ️ metro, ㊗️ and ↔️.",
    ],
    "science": [
        "The β-carotene level fell while the α-helix of TNFα stayed at 5 μm and 10 kΩ.",
        "NF-κB and IκBα, IFNγ and TGFβ, PPARγ and PGC1α were measured; Δt = 3 μs, ΔG = −5 kJ.",
        "Let 𝑓: ℝ → ℂ with 𝑓(𝑥) = 𝑒^(𝑖𝑥) and 𝒢 ⊂ 𝔽; 𝐀𝐁 = 𝐂 holds, f\u2061(x) = 2\u2062x and a\u2063b.",
        "σ² is the variance, μ the mean, and χ² has ν degrees of freedom; sin\u2061x + cos\u2061y.",
        "The unit Ωm, the star αCen, the γ-ray, the μ-opioid receptor and ΔFosB; Kα and Lβ lines.",
        "In the [ˈlæŋɡwɪdʒ] of phonetics: [ˈaβe], [ˈbaχ], [ˈθiŋk], t͡ʃ, d͡ʒ, ɛ̃ː, ɔ̃́, n̩̊ʰ.",
    ],
    "bilingual": [
        "Компания Google открыла офис, а Яндекс.Browser и IT-специалисты остались.",
        "The word «мир» means both peace and world; see also «сон» and «рот».",
        f"The name {FSI}שלום{PDI} and the name {FSI}Anna{PDI} stand in one list.",
        f"She is called {LRI}Anna{PDI} on the site, and {FSI}Eve{PDI} elsewhere.",
        "The Greek word λόγος and the Russian слово, the Hebrew דבר and the Arabic كلمة mean word.",
        "USB-кабель, Wi-Fi-сеть, 3D-модель и PDF-файлы лежат на полке.",
        "Η εταιρεία Microsoft και το iPhone έφτασαν στην Αθήνα το 2007.",
        "私はTシャツとiPhoneを買いました。Xさんの家でPythonを学ぶ。",
        "我用Python写了一个程序，A股和B超都是常见的词。",
        "Զանգեք Anna-ին և գրեք նամակ։ საქართველო and Georgia are one.",
    ],
    "cjk": [
        "葛\U000e0100城市と辻\U000e0101さん、邉\U000e0102と祇\U000e0100園に行った。",
        "今日はいい天気です。\u3000散歩に行きましょう。",
        f"長い{ZWSP}見出しは{ZWSP}文節で{ZWSP}折り返す。",
        "神︀社と福︀の字は異体である。",
        "대한민국은 아름다운 나라입니다. ᄒᆞᆫ글과 나랏말ᄊᆞ미.",
        "春眠不覺曉，處處聞啼鳥。夜來風雨聲，花落知多少。",
    ],
    "typeset": [
        f"Die Donau{SHY}dampf{SHY}schiff{SHY}fahrts{SHY}gesell{SHY}schaft be{SHY}gann ihre Rei{SHY}se.",
        f"The type{SHY}set{SHY}ter di{SHY}vid{SHY}ed the long words of the his{SHY}to{SHY}ri{SHY}cal ac{SHY}count.",
        f"Auf{ZWNJ}lage und Schilf{ZWNJ}insel trennen die Ligatur.",
        f"See https://example.org/{ZWSP}very/{ZWSP}long/{ZWSP}path/{ZWSP}index.html for more.",
        f"She stopped.{ZWSP} Then{ZWSP} she went on \u2060— as always.",
        "Page one.\x0cPage two, with a\xa0fixed space and a\u2009thin one.",
        "It\x92s a \x93quoted\x94 word from an old encoding\x85 and a bullet \uf0b7 from a font.",
        "\ue8b6 Search \ue5d2 Menu \uf007 Account \U000f0493 Settings",
        "LS(1)\n\nN\bNA\bAM\bME\bE\n     l\bls\bs - list _\bf_\bi_\bl_\be",
    ],
    "european": [
        unicodedata.normalize("NFD", "Tiếng Việt có nhiều dấu: Nguyễn, Trường, Phượng, đường và nước."),
        "Ọjọ́ kan, ọmọkùnrin náà lọ sí ọjà; ẹ̀kọ́ ṣe pàtàkì.",
        unicodedata.normalize("NFD", "Ἐν ἀρχῇ ἦν ὁ λόγος, καὶ ὁ λόγος ἦν πρὸς τὸν θεόν, ᾧ ᾄδω."),
        "Ελληνικά και Ρωμιοσύνη: η θάλασσα, το φως και τα νησιά του Αιγαίου.",
        "Вечером мы долго говорили о погоде, о море и о книгах.",
        "Українська мова має літери і, ї, є, ґ; об'єднання з'їхалося.",
        "Српски језик се пише и латиницом: čaša, đak, ljubav, njiva.",
        "Ĉirkaŭ la ĝardeno kreskas ŝafoj kaj ĵaŭdaj rozoj.",
        "Eʋegbe kple Dagbani: ɖevi, ŋutsu, ɣletia; εyε, γeyiγi, ɔdɔ.",
        "Straβe und groβ stehen so in alten Abschriften.",
        "Гӏалгӏай мотт, ГIалгIай, къаьстта; дæ хæдзар, зæрдæ.",
        "Чӑваш чӗлхи, ăс-тăн, çĕршыв, ырă кун.",
    ],
    "encoded": [
        "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDhA2Zt5h8a0i1k3g9f2c1LmXwq0 eve@host",
        "https://ru.wikipedia.org/wiki/%D0%97%D0%B0%D0%B3%D0%BB%D0%B0%D0%B2%D0%BD%D0%B0%D1%8F_%D1%81%D1%82%D1%80",
        '{"name": "\\u0418\\u0432\\u0430\\u043d", "city": "\\u041c\\u043e\\u0441\\u043a\\u0432\\u0430"}',
        "The antidisestablishmentarianism/counterrevolutionaries of src/main/java/org/example/Application",
        "&#1055;&#1088;&#1080;&#1074;&#1077;&#1090;, &#1084;&#1080;&#1088;! &#20320;&#22909;",
        "GATTACAGATTACAGATTACAGATTACACCGGTTAACCGGTTAAGATTACA and MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
        "0000000000000000000000000000000000000000 ======================== ------------------------",
    ],
}


def texts(count: int = 2_400, seed: int = 5) -> list[str]:
    """`count` different texts of one to eight sentences, mostly of one custom, some of several."""
    draw = random.Random(seed)
    customs, every = sorted(SENTENCES), [one for name in sorted(SENTENCES) for one in SENTENCES[name]]
    made = dict.fromkeys(every)
    while len(made) < count:
        own = SENTENCES[draw.choice(customs)] if draw.random() < 0.8 else every
        some = [draw.choice(own) for _ in range(draw.randint(1, 8))]
        made[("\ufeff" if draw.random() < 0.1 else "") + draw.choice([" ", "\n", "\n\n", "\r\n"]).join(some)] = None
    return list(made)
