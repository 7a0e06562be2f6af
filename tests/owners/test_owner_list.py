"""The list of owners: every filter and sort, search as people type, always one statement."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy.orm import Session

from crm_core.owners import queries, service
from crm_core.owners.schemas import OwnerFilter, OwnerSort, SurveyCreate
from tests.make_business import FINANCE, approve, make_hospital, make_owner, make_payout, pay
from tests.observe import executed, sql

HOSTILE = [
    "'; DROP TABLE crm_owners; --",
    "a' OR '1'='1",
    "%",
    "_",
    "\\",
    "a:*",
    "!a & (b | c)",
    "<->",
    "%(page)s",
    "%s",
    ":search",
    "{0}",
    "😀",
    "\u202eada",
    "ﷺ" * 100,
    "㌖" * 100,
    "-" * 100,
    "a " * 50,
    "ه" * 100,
    "𝕬𝖉𝖆",
]


def found(session: Session, **filters: object) -> list[int]:
    read = queries.list_owners(OwnerFilter.model_validate(filters))
    return [row.id for row in read.page(session).rows]


def test_owners_are_newest_first(session: Session) -> None:
    ids = [make_owner(session).id for _ in range(3)]
    sql(
        session,
        "UPDATE crm_owners SET created_at = now() + interval '1 hour' WHERE id = :id",
        id=ids[0],
    )
    assert found(session) == [ids[0], ids[2], ids[1]]


def test_owners_are_filtered_by_state_and_hospital(session: Session) -> None:
    hospital = make_hospital(session)
    wanted = make_owner(session, status="suspended", hospital_id=hospital.id)
    make_owner(session)
    assert found(session, status="suspended") == [wanted.id]
    assert found(session, hospital_id=hospital.id) == [wanted.id]
    assert found(session, hospital_id=hospital.id, status="active") == []


def test_owners_are_filtered_by_payment_status(session: Session) -> None:
    late, waiting, paid, none = (make_owner(session) for _ in range(4))
    approve(session, make_payout(session, late.id, months_ago=3).id)
    make_payout(session, waiting.id, months_ago=3)
    pay(session, make_payout(session, paid.id, months_ago=3).id)
    assert found(session, payment_status="overdue") == [late.id]
    assert found(session, payment_status="pending") == [waiting.id]
    assert found(session, payment_status="current") == [none.id, paid.id]


def test_owners_are_sorted_by_name_without_regard_to_case(session: Session) -> None:
    names = ("ada obi", "Zik Obi", "Bola Ade", "bola ade")
    ids = {name: make_owner(session, name).id for name in names}
    order = ["Bola Ade", "bola ade", "ada obi", "Zik Obi"]
    assert found(session, sort="name") == [ids[name] for name in order]


def test_owners_are_sorted_by_value_and_by_satisfaction(session: Session) -> None:
    rich, happy, plain = (make_owner(session) for _ in range(3))
    pay(session, make_payout(session, rich.id).id)
    survey = SurveyCreate(score=Decimal(4))
    service.record_survey(session, happy.id, survey, actor=FINANCE)
    assert found(session, sort="value") == [rich.id, plain.id, happy.id]
    assert found(session, sort="satisfaction") == [happy.id, plain.id, rich.id]


@pytest.mark.parametrize("sort", list(OwnerSort))
def test_cursors_lead_through_the_whole_list_in_order(session: Session, sort: OwnerSort) -> None:
    for n in range(7):
        owner = make_owner(session, f"Ada{n % 3} Obi{n % 2}")
        value = n % 3
        sql(
            session,
            "UPDATE crm_owners SET opening_value = :v, satisfaction_score = nullif(:v, 0)"
            " WHERE id = :id",
            v=value,
            id=owner.id,
        )
    whole = found(session, sort=sort)
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(4):
        request = OwnerFilter(sort=sort, limit=2, cursor=cursor)
        page = queries.list_owners(request).page(session)
        seen += [row.id for row in page.rows]
        cursor = page.next_cursor
    assert (seen, len(set(seen))) == (whole, 7)


@pytest.mark.parametrize(
    "words",
    [
        "Ọláyẹmí",
        "olayemi",
        "OLA",
        "ogun ola",
        "ola ogun",
        "  ola  ",
        "ola@example",
        "ola.example",
        "own-",
        "Ogúndìmú",
    ],
)
def test_words_are_found_by_prefix_in_any_order_with_or_without_marks(
    session: Session, words: str
) -> None:
    wanted = make_owner(session, "Ọláyẹmí Ògúndìmú", email="ola@example.ng")
    other = make_owner(session, "Chinedu Eze", email="chinedu@other.com")
    assert wanted.id in found(session, search=words)
    assert (other.id in found(session, search=words)) == (words == "own-")


def test_every_word_must_be_found(session: Session) -> None:
    make_owner(session, "Ada Obi")
    assert found(session, search="ada eze") == []
    assert found(session, search="da") == []


def test_an_owner_is_found_by_code(session: Session) -> None:
    make_owner(session)
    wanted = make_owner(session)
    assert found(session, search=wanted.owner_code.lower()) == [wanted.id]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_find_nothing_and_break_nothing(session: Session, words: str) -> None:
    make_owner(session, "Chinedu Eze")
    read = queries.list_owners(OwnerFilter(search=words))
    assert (read.page(session).rows, read.json(session).count("Chinedu")) == ([], 0)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(words=st.text(min_size=1, max_size=100))
def test_no_words_at_all_break_a_search(session: Session, words: str) -> None:
    try:
        wanted = OwnerFilter(search=words)
    except ValidationError:
        return
    queries.list_owners(wanted).page(session)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(name=st.from_regex(r"[A-Za-zÀ-ÖØ-öø-ÿẸẹỌọṢṣ]{2,12}", fullmatch=True), cut=st.integers(1, 12))
def test_any_name_is_found_by_its_beginning(session: Session, name: str, cut: int) -> None:
    wanted = make_owner(session, f"{name} Eze")
    ids = found(session, search=name[:cut], limit=100)
    assert wanted.id in ids


def test_a_search_for_nothing_but_signs_finds_nothing(session: Session) -> None:
    make_owner(session)
    assert found(session, search="&|!") == []


def test_the_longest_names_can_be_paged_through(session: Session) -> None:
    for _ in range(3):
        make_owner(session, f"{'Ọ' * 100} {'ẹ́' * 50}")
    request = OwnerFilter(sort=OwnerSort.NAME, limit=1)
    first = queries.list_owners(request).page(session)
    again = OwnerFilter(sort=OwnerSort.NAME, limit=1, cursor=first.next_cursor)
    assert queries.list_owners(again).page(session).rows[0].id != first.rows[0].id


def test_a_list_is_one_statement_whatever_its_length(session: Session) -> None:
    for expected in (1, 5):
        while len(found(session)) < expected:
            make_payout(session, make_owner(session).id)
        with executed(session) as seen:
            assert len(found(session)) == expected
        assert len(seen) == 1


def test_the_cards_count_every_owner(session: Session) -> None:
    late, gone = make_owner(session), make_owner(session, status="inactive")
    make_owner(session, status="suspended")
    approve(session, make_payout(session, late.id, months_ago=3).id)
    make_payout(session, gone.id)
    for owner, given_score in ((late, "5"), (gone, "4")):
        survey = SurveyCreate(score=Decimal(given_score))
        service.record_survey(session, owner.id, survey, actor=FINANCE)
    with executed(session) as seen:
        stats = queries.owner_stats(session)
    assert (stats.total_owners, stats.active_owners, stats.inactive_owners) == (3, 1, 1)
    assert stats.average_satisfaction == Decimal("4.5")
    assert stats.payment_stats == {"current": 1, "overdue": 1, "pending": 1}
    assert len(seen) == 1


def test_the_cards_of_an_empty_house_are_zero(session: Session) -> None:
    stats = queries.owner_stats(session)
    assert stats.total_owners == stats.average_satisfaction == stats.total_lifetime_value == 0


def test_choices_are_active_owners_by_name(session: Session) -> None:
    one, two = make_owner(session, "Zik Obi"), make_owner(session, "Ada Obi")
    make_owner(session, "Bola Ade", status="inactive")
    assert [i for i, _ in queries.owner_choices(session)] == [two.id, one.id]
    assert queries.owner_choices(session)[0][1].startswith("Obi, Ada · OWN-")
