"""Words of clinical harm or of a data breach, looked for in what people write."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from crm_core.feedback.models import AlarmWord


def alarm_words_in(session: Session, *texts: str | None) -> list[str]:
    """The words of the settings that occur in any of the texts, each once, by name."""
    words = tuple(session.scalars(select(AlarmWord.word).order_by(AlarmWord.word)))
    return find_words(" \n ".join(text for text in texts if text), words)


def find_words(given: str, words: Sequence[str]) -> list[str]:
    """Which of the words occur, whole or (with ``*``) as a beginning, whatever marks they wear."""
    if not words:
        return []
    pattern = _pattern(tuple(words))
    found = {match.lastindex for match in pattern.finditer(folded(given)) if match.lastindex}
    return sorted(words[index - 1] for index in found)


def folded(given: str) -> str:
    """Lower case without accents, signs and invisible marks, its words parted by one blank."""
    plain = unicodedata.normalize("NFKD", given).casefold()
    kept = (letter for letter in plain if unicodedata.category(letter) not in ("Mn", "Cf"))
    return " ".join("".join(letter if letter.isalnum() else " " for letter in kept).split())


@lru_cache(maxsize=8)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    alternatives = "|".join(f"({_alternative(word)})" for word in words)
    return re.compile(rf"\b(?:{alternatives})\b")


def _alternative(word: str) -> str:
    return re.escape(folded(word)) + (r"\w*" if word.endswith("*") else "")
