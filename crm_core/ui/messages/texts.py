"""The tab Templates: texts by name and channel, one with its versions, writing a new one."""

from collections.abc import Mapping, Sequence

import streamlit as st

from crm_core.messaging.fields import FIELDS
from crm_core.messaging.texts import queries, service
from crm_core.messaging.texts.schemas import TemplateFilter, TemplateRead
from crm_core.people.names import names_of
from crm_core.people.schemas import Actor, Permission
from crm_core.ui import address_bar, asking, beside, facts, tables
from crm_core.ui.formatting import moment, words
from crm_core.ui.messages import bubbles, writing
from crm_core.ui.messages.words import ALL_CHANNELS, CHANNELS, PURPOSES
from crm_core.ui.page import act, form_token, load
from crm_core.ui.plain import plain

_COLUMNS = {
    "Text": tables.text(width=150),
    "By": tables.text(width=85),
    "Purpose": tables.text(width=100),
    "Subject": tables.text(width=170),
    "Words": tables.text(width=420),
    "Version": tables.number(width=65),
    "In force": tables.state(["current", "retired"], width=85),
}
_FIELDS = {"by": "channel", "why": "purpose", "q": "search", "page": "page"}
_KNOWN = {
    "Field": tables.text(width=120),
    "What stands there": tables.text(width=330),
    "Example": tables.text(width=210),
    "Filled in": tables.text(width=170),
}


def show(actor: Actor) -> None:
    """The list; one text at ``?template=``, ``?template=new`` for another."""
    writing.open_saved()
    asked = st.query_params.get("template", "")
    if asking.step(actor, Permission.MESSAGES_MANAGE, asked=asked == "new"):
        address_bar.link_back("All texts", without=["template", "as"])
        writing.show(None, actor)
    elif (template_id := address_bar.number("template")) is not None:
        _one(template_id, actor)
    else:
        _list(actor)


def _list(actor: Actor) -> None:
    address_bar.search("Search by name")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        address_bar.choice("by", "By", CHANNELS, any_label="All")
        address_bar.choice("why", "Purpose", PURPOSES, any_label="All")
        earlier = address_bar.switch("earlier", "Also what is sent no longer")
        if actor.may(Permission.MESSAGES_MANAGE):
            st.button(
                "Write a new text",
                icon=":material/add:",
                on_click=address_bar.go,
                args=({"template": "new"},),
            )
    current = None if earlier else True
    wanted = address_bar.filters(TemplateFilter, _FIELDS, current=current, limit=tables.PAGE)
    with load() as session:
        found = tables.page_of(session, queries.list_templates, wanted)
    table(found.rows, empty="No text is like this: take a filter away.")
    tables.pages(found, "text")
    _known()


def table(found: Sequence[TemplateRead], *, empty: str) -> None:
    """Texts whose rows open them."""
    tables.pick_one(
        tables.Table(
            rows=[_row(each) for each in found],
            columns=_COLUMNS,
            ids=[each.id for each in found],
            alt="Texts by name",
            empty=empty,
            name="texts",
        ),
        opens=lambda template_id: {"template": str(template_id)},
    )


def _row(each: TemplateRead) -> dict[str, object]:
    return {
        "Text": words(each.name),
        "By": ALL_CHANNELS[each.channel],
        "Purpose": PURPOSES[each.purpose],
        "Subject": each.subject,
        "Words": " ".join(each.body.split())[:200],
        "Version": each.version,
        "In force": "current" if each.current else "retired",
    }


def _one(template_id: int, actor: Actor) -> None:
    beside.way_back(
        "All texts",
        queries.TEMPLATES,
        address_bar.filters(TemplateFilter, _FIELDS, current=True, limit=tables.PAGE),
        record=("template", template_id),
        without=["template", "as", "do"],
    )
    with load() as session:
        template = queries.get_template(session, template_id)
        versions = queries.versions_of(session, template)
        names = names_of(session, [template.created_by])
    by = ALL_CHANNELS[template.channel]
    st.subheader(plain(f"{words(template.name)}, by {by}"), anchor=False)
    if actor.may(Permission.MESSAGES_MANAGE) and template.current:
        writing.show(template, actor)
        _retire(template, actor)
    else:
        bubbles.example(template.body, template.subject)
    facts.show(
        {
            "Purpose": PURPOSES[template.purpose],
            "Version": str(template.version),
            "Written by": _author(template, names),
            "Written": moment(template.created_at),
        }
    )
    if len(versions) > 1:
        st.subheader("Every version", anchor=False)
        table(versions, empty="")


def _author(template: TemplateRead, names: Mapping[str, str]) -> str:
    """A text that no person wrote came with a migration."""
    written = ":" in template.created_by
    return names[template.created_by] if written else "Comes with the product"


def _retire(template: TemplateRead, actor: Actor) -> None:
    with st.popover("Send it no longer", icon=":material/block:"):
        st.text("It is no longer offered. What was sent with it stays as it was.")
        sure = st.button("Retire this text", key=f"retire-{template.id}")
    if sure:
        with act("The text is retired", once=form_token(f"retire-{template.id}")) as session:
            service.retire_template(session, template.id, actor=actor)


def _known() -> None:
    with st.expander("What a text may name in braces"):
        rows: list[dict[str, object]] = [
            {
                "Field": f"{{{name}}}",
                "What stands there": field.description,
                "Example": field.example,
                "Filled in": "Always" if field.always else "By what sends it",
            }
            for name, field in FIELDS.items()
        ]
        tables.show(tables.Table(rows, _KNOWN, alt="Fields of texts", empty="", name="fields"))
