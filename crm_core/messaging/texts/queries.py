"""Reads of texts."""

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from crm_core.base.read import Listing, Order, Read
from crm_core.messaging.models import CHANNEL, PURPOSE, MessageTemplate
from crm_core.messaging.texts.schemas import TemplateFilter, TemplateRead

OF_CAMPAIGNS = "campaign-"
"""How the names of texts begin that a launch has frozen; they belong to their campaign's page.

Nobody saves a text under such a name: a ``Word`` has no dash.
"""

_Template = MessageTemplate

TEMPLATES: Listing[TemplateRead] = Listing(
    schema=TemplateRead,
    statement=select(
        _Template.id,
        _Template.name,
        _Template.channel,
        _Template.purpose,
        _Template.subject,
        _Template.body,
        _Template.version,
        _Template.current,
        _Template.created_by,
        _Template.created_at,
    ).where(~_Template.name.startswith(OF_CAMPAIGNS)),
    filters={
        "channel": _Template.channel == bindparam("channel", type_=CHANNEL),
        "purpose": _Template.purpose == bindparam("purpose", type_=PURPOSE),
        "name": _Template.name == bindparam("name"),
        "search": _Template.name.contains(bindparam("search")),
        "current": _Template.current == bindparam("current"),
    },
    orders={"name": Order((_Template.name, _Template.id), descending=False)},
    key=_Template.id,
    noun="Template",
    convert={"search": lambda words: words.lower().replace(" ", "_")},
)


def list_templates(filters: TemplateFilter) -> Read[TemplateRead]:
    """Texts by name."""
    return TEMPLATES.read(filters)


def get_template(session: Session, template_id: int) -> TemplateRead:
    """One version of a text; ``NotFound`` where there is none."""
    return TEMPLATES.one(session, template_id)


def versions_of(session: Session, template: TemplateRead) -> list[TemplateRead]:
    """Every version of this text for its channel, the newest first."""
    wanted = TemplateFilter(name=template.name, channel=template.channel, limit=100)
    found = list_templates(wanted).page(session).rows
    return sorted(found, key=lambda each: -each.version)
