"""What an answer says: yes, no, or something that a person has to read."""

import re

from crm_core.appointments.schemas import Meaning

# Also as Yoruba, Igbo and Hausa say it; 1 and 2 are what people type where they are given numbers.
_YES = {"yes", "y", "yeah", "yep", "ok", "okay", "sure", "confirm", "1", "beeni", "ee", "eh"}
_NO = {"no", "n", "nope", "cancel", "2", "rara", "mba", "aa"}
_DOUBTS = {"no", "not", "cannot", "cant", "wont", "dont", "but", "if", "late", "maybe", "change"}
_POLITE = {"please", "sorry", "thanks", "thank", "you", "sir", "ma", "madam"}
_NOT_COMING = _POLITE | {"i", "cannot", "cant", "wont", "will", "not", "come"}
_LONGEST = 8


def meaning_of(text: str) -> Meaning:
    """Yes or no where the words leave no doubt: “No problem, I will come” goes to a person."""
    words = _words(text)
    if not words or len(words) > _LONGEST:
        return Meaning.UNCLEAR
    first, rest = words[0], set(words[1:])
    if first in _YES and not rest & _DOUBTS:
        return Meaning.YES
    if first in _NO and rest <= _NOT_COMING:
        return Meaning.NO
    return Meaning.UNCLEAR


def is_answer(text: str) -> bool:
    """Whether it begins like a yes or a no, clear or not: anything else is no answer by itself."""
    return any(word in _YES | _NO for word in _words(text)[:1])


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower().replace("'", "").replace("’", ""))
