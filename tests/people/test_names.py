"""Names behind keys: of accounts, of tokens, and of what is neither."""

from sqlalchemy.orm import Session

from crm_core.people import service
from crm_core.people.names import names_of
from crm_core.people.schemas import Role, TokenCreate
from tests.make import actor_for, make_staff


def test_accounts_and_tokens_have_names_and_others_stand_for_themselves(session: Session) -> None:
    person = make_staff(session, Role.ADMIN)
    asked = TokenCreate(name="Ledger", roles=[Role.VIEWER])
    token, _ = service.create_token(session, asked, actor=actor_for(person))

    names = names_of(session, [f"staff:{person.id}", f"token:{token.id}", "job:seal", "staff:x"])

    assert names == {
        f"staff:{person.id}": person.name,
        f"token:{token.id}": "Token Ledger",
        "job:seal": "Job seal",
        "staff:x": "Staff x",
    }
