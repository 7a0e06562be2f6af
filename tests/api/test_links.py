"""Links in messages: a signed one is all the authority there is, and a GET changes nothing."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from crm_core.api.links import LinkRoute


def test_every_link_refuses_a_token_that_is_made_up(
    app: FastAPI, anonymous: TestClient, session: Session
) -> None:
    contexts = [
        context
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, LinkRoute)
    ]
    assert contexts
    before = session.scalar(text("SELECT count(*) FROM crm_history"))
    for context in contexts:
        for method in context.methods or ():
            address = str(context.path).replace("{token}", "1.1.aaaaaaaaaaaaaaaa")
            answer = anonymous.request(method, address)
            assert (address, answer.status_code) == (address, 404)
            assert "not one of ours" in answer.text
    assert session.scalar(text("SELECT count(*) FROM crm_history")) == before
