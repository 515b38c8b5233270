"""What others call our attacks: MITRE ATLAS techniques and risks of the OWASP Top 10 for LLM applications.

Only identifiers that both catalogues have kept.  OWASP numbers its risks anew with each edition, so
an identifier carries its year.
"""

from __future__ import annotations

_RISKS = {
    "prompt injection": ("LLM01:2025", "LLM01:2026"),
    "supply chain": ("LLM03:2025", "LLM04:2026"),
    "poisoning": ("LLM04:2025", "LLM05:2026"),
    "misinformation": ("LLM09:2025", "LLM07:2026"),
}

# T0010 AI supply chain compromise, T0018 manipulate AI model, T0020 poison training data,
# T0051 LLM prompt injection, T0054 LLM jailbreak, T0068 LLM prompt obfuscation.
_ATTACKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "backdoor_trigger": (("AML.T0018", "AML.T0020"), ("poisoning",)),
    "denial_of_service": (("AML.T0018", "AML.T0020"), ("poisoning",)),
    "availability": (("AML.T0020",), ("poisoning",)),
    "belief_manipulation": (("AML.T0020",), ("poisoning", "misinformation")),
    "misinformation": (("AML.T0020",), ("poisoning", "misinformation")),
    "coordinated_injection": (("AML.T0020",), ("poisoning",)),
    "prompt_injection": (("AML.T0051", "AML.T0054"), ("prompt injection",)),
    "hidden_text": (("AML.T0051", "AML.T0068"), ("prompt injection",)),
    "label_flip": (("AML.T0020",), ("poisoning",)),
    "clean_label": (("AML.T0020",), ("poisoning",)),
    "code_payload": (("AML.T0020",), ("poisoning",)),
    "tampering": (("AML.T0010", "AML.T0020"), ("supply chain", "poisoning")),
    "supply_chain": (("AML.T0010",), ("supply chain",)),
}


def atlas(attack: str) -> tuple[str, ...]:
    """Identifiers of MITRE ATLAS techniques; none for an attack that is not in the taxonomy."""
    return _ATTACKS.get(attack, ((), ()))[0]


def owasp(attack: str) -> tuple[str, ...]:
    """Identifiers of OWASP risks, with the year of their edition."""
    return tuple(name for risk in _ATTACKS.get(attack, ((), ()))[1] for name in _RISKS[risk])
