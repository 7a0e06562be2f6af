"""Cards: one figure each, with where it comes from and a way to its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import streamlit as st

from crm_core.base.money import naira_short
from crm_core.ui import address_bar, sparklines


@dataclass(frozen=True)
class Card:
    """One figure.

    Attributes:
        value: as it is read; ``naira_short`` and friends write it.
        delta: the change, with its sign as text; none where nothing is compared.
        note: what the change is against.
        trend: the figure's past, oldest first, for the line at the card's foot.
        less_is_better: turns the colours of the change around.
        neutral: ``delta`` is no change but a figure beside it, neither good nor bad.
        opens: parameters of the address that show the rows behind the figure.
        page: file of the page that shows them; this one where empty.
        action: what the way there is called.
    """

    label: str
    value: str
    delta: str | None = None
    note: str = "vs last month"
    trend: Sequence[Decimal | float] = ()
    kind: sparklines.Kind = "area"
    less_is_better: bool = False
    neutral: bool = False
    help: str | None = None
    opens: Mapping[str, str | None] | None = None
    page: str = ""
    action: str = "See them"


def show(cards: Sequence[Card], *, columns: int = 4) -> None:
    """Cards beside each other, as many as there is room for."""
    with st.grid(columns, min_column_width=160 if columns <= 4 else 150, row_height="content"):
        for card in cards:
            with st.container(border=True, height="stretch", gap="xsmall"):
                _card(card)


def satisfaction_card(
    scores: Sequence[Decimal | None],
    *,
    opens: Mapping[str, str | None],
    page: str = "",
    note: str = "vs last month",
    action: str = "Best first",
) -> Card:
    """Mean satisfaction by month against the month before; a dash where nobody was asked.

    Args:
        scores: at the end of each month, oldest first, at least two.
    """
    before, now = scores[-2:]
    return Card(
        "Satisfaction",
        "–" if now is None else f"{now:.2f} / 5",
        None if now is None or before is None or now == before else f"{now - before:+.2f}",
        note=note,
        trend=[score for score in scores if score is not None],
        kind="line",
        opens=opens,
        page=page,
        action=action,
        help="Mean of the owners' scores: each of an owner's surveys and stars of the last year.",
    )


def change_in_naira(now: Decimal, before: Decimal) -> str:
    """``₦1.2m`` or ``-₦300k``: a delta for a card."""
    return naira_short(now - before)


def change_in_percent(now: Decimal, before: Decimal) -> str | None:
    """``8.2 %``; None where there was nothing before."""
    return f"{(now - before) / before * 100:.1f} %" if before else None


def _card(card: Card) -> None:
    st.metric(
        card.label,
        card.value,
        card.delta,
        delta_color=_colour(card),
        delta_arrow="off" if card.neutral else "auto",
        delta_description=card.note if card.delta else None,
        help=card.help,
    )
    if len(card.trend) > 1:
        sparklines.show([float(point) for point in card.trend], card.kind, _mood(card))
    if card.opens is not None:
        _way_there(card, card.opens)


def _colour(card: Card) -> Literal["off", "inverse", "normal"]:
    if card.neutral:
        return "off"
    return "inverse" if card.less_is_better else "normal"


def _mood(card: Card) -> sparklines.Mood:
    """Good, bad or neither: as the change is coloured."""
    if card.neutral or card.delta is None:
        return "neutral"
    return "good" if card.delta.startswith("-") is card.less_is_better else "bad"


def _way_there(card: Card, opens: Mapping[str, str | None]) -> None:
    if card.page:
        params = {name: value for name, value in opens.items() if value is not None}
        st.page_link(
            card.page,
            label=card.action,
            icon=":material/arrow_forward:",
            icon_position="right",
            query_params=params,
        )
        return
    st.button(
        card.action,
        key=f"card-{card.label}",
        type="tertiary",
        icon=":material/arrow_forward:",
        icon_position="right",
        on_click=address_bar.go,
        args=(opens,),
    )
