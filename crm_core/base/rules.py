"""Rules that must always hold, each a statement that finds who breaks it; `verify` runs them."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.orm import Session

SHOWN = 5
"""So many offenders are named; the rest is counted by nobody but said to be there."""


def broken_rules(session: Session, rules: dict[str, str]) -> Iterator[str]:
    """Runs each rule's SELECT of offenders' codes; yields “sentence: code, code …” where any is.

    Args:
        session: may be a reading one.
        rules: sentence → SELECT of one text column, the offenders' codes.
    """
    for sentence, statement in rules.items():
        # Offenders are found before the first few are asked for: with the limit in sight the
        # planner hopes to meet some early, and walks millions of rows one by one.
        # The statements are constants of ours.
        first = text(
            f"WITH offenders(code) AS MATERIALIZED ({statement})"  # noqa: S608
            " SELECT code FROM offenders ORDER BY code LIMIT :most"
        )
        codes = list(session.execute(first, {"most": SHOWN + 1}).scalars())
        if codes:
            more = " and more" if len(codes) > SHOWN else ""
            yield f"{sentence}: {', '.join(codes[:SHOWN])}{more}"
