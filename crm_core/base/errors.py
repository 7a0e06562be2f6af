"""The four refusals: each carries one sentence that the person can act on.

HTTP numbers live in ``api/app.py``; anything that is not a refusal is a bug.
"""

from collections.abc import Sequence
from dataclasses import dataclass


class Refusal(Exception):
    """A request that was understood and turned down; ``str()`` is the sentence shown."""


class NotFound(Refusal):
    """The record does not exist, or the actor may not know that it does."""


class Conflict(Refusal):
    """The record's state, version or uniqueness forbids it now."""


class Forbidden(Refusal):
    """This actor may not do it, whatever the record's state."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the input: ``path`` is the field's name."""

    path: str
    message: str


class Invalid(Refusal):
    """The input is wrong; ``problems`` names the fields that caused it."""

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)

    @classmethod
    def field(cls, path: str, message: str) -> "Invalid":
        """An error of one field."""
        return cls(message, [Problem(path, message)])
