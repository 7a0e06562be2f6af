"""The history writes itself, cannot be unwritten, and shows where somebody tried."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from crm_core.base import history
from crm_core.base.db import attribute, reading, transaction
from crm_core.base.migrate import _config
from crm_core.people.models import Staff
from crm_core.people.schemas import Role
from tests.make import make_staff


def lines(session: Session, record_id: int, table: str = "crm_staff") -> Sequence[Any]:
    """What the history tells of one record, the oldest first."""
    session.flush()
    return session.execute(
        text("SELECT * FROM crm_history WHERE table_name = :t AND record_id = :id ORDER BY id"),
        {"t": table, "id": record_id},
    ).all()


def test_an_insert_is_told_with_who_and_why(session: Session) -> None:
    attribute(session, who="staff:7", why="new colleague", request_id="r-1")
    staff = make_staff(session, Role.VIEWER, email="ada@example.ng")
    (line,) = lines(session, staff.id)
    assert (line.who, line.why, line.request_id) == ("staff:7", "new colleague", "r-1")
    assert (line.action, line.before, line.after["email"]) == ("insert", None, "ada@example.ng")


def test_an_update_is_told_as_what_it_changed_and_no_more(session: Session) -> None:
    staff = make_staff(session, Role.VIEWER)
    staff.name = "Somebody else"
    line = lines(session, staff.id)[-1]
    assert (line.action, line.after) == ("update", {"name": "Somebody else"})
    assert set(line.before) == {"name"}


def test_a_delete_is_told_with_all_that_is_lost(session: Session) -> None:
    staff = make_staff(session, Role.VIEWER, email="ada@example.ng")
    staff_id = staff.id
    session.delete(staff)
    line = lines(session, staff_id)[-1]
    assert (line.action, line.before["email"], line.after) == ("delete", "ada@example.ng", None)


def test_an_update_that_changes_nothing_is_not_told(session: Session) -> None:
    staff = make_staff(session, Role.VIEWER)
    session.execute(text("UPDATE crm_staff SET name = name"))
    assert [line.action for line in lines(session, staff.id)] == ["insert"]


def test_noise_is_not_told(session: Session) -> None:
    staff = make_staff(session, Role.VIEWER)
    session.execute(text("UPDATE crm_staff SET failed_sign_ins = failed_sign_ins + 1"))
    assert [line.action for line in lines(session, staff.id)] == ["insert"]


def test_secrets_are_told_apart_but_not_told(session: Session) -> None:
    staff = make_staff(session, Role.VIEWER, password="a long pass phrase")
    first = lines(session, staff.id)[-1].after["password_hash"]
    session.execute(text("UPDATE crm_staff SET password_hash = 'another'"))
    second = lines(session, staff.id)[-1]
    assert first.startswith("hidden ")
    assert second.before["password_hash"] == first
    assert second.after["password_hash"] != first
    assert "another" not in second.after["password_hash"]


def test_plain_sql_is_told_with_the_database_s_own_name_for_who(session: Session) -> None:
    staff_id = session.execute(
        text("INSERT INTO crm_staff (email, name, roles) VALUES ('x@y.ng', 'X', '{}') RETURNING id")
    ).scalar_one()
    (line,) = lines(session, staff_id)
    user = session.execute(text("SELECT session_user")).scalar_one()
    assert line.who == f"sql:{user}"


def test_a_bulk_change_is_told_row_by_row(session: Session) -> None:
    made = [make_staff(session, Role.VIEWER) for _ in range(3)]
    session.execute(text("UPDATE crm_staff SET active = false"))
    for staff in made:
        assert lines(session, staff.id)[-1].after == {"active": False}


def test_a_record_that_is_given_another_id_does_not_slip_through(session: Session) -> None:
    staff = make_staff(session, Role.VIEWER)
    session.execute(text("UPDATE crm_staff SET id = 777777 WHERE id = :id"), {"id": staff.id})
    assert [line.action for line in lines(session, staff.id)] == ["insert", "delete"]
    assert [line.action for line in lines(session, 777777)] == ["insert"]


@pytest.fixture
def untold(own_database: str) -> str:
    """A database of the test's own, whose history begins with the test."""
    tamper(own_database, "TRUNCATE crm_history, crm_history_seals RESTART IDENTITY")
    return own_database


def test_what_is_rolled_back_is_not_told(untold: str) -> None:
    with pytest.raises(RuntimeError), transaction(who="staff:1") as session:
        make_staff(session, Role.VIEWER)
        raise RuntimeError
    with reading() as session:
        assert session.execute(text("SELECT count(*) FROM crm_history")).scalar_one() == 0


def test_a_reading_can_be_noted_but_not_passed_off_as_a_change(session: Session) -> None:
    attribute(session, who="staff:7", why="asked by the bank")
    history.note(session, "revealed", "crm_owners", 4, {"field": "account_number"})
    history.note(session, "update", "crm_owners", 4, {})
    told = lines(session, 4, "crm_owners")
    assert [line.action for line in told] == ["revealed", "note"]
    assert (told[0].who, told[0].after) == ("staff:7", {"field": "account_number"})


@pytest.mark.parametrize("table", ["crm_history", "crm_history_seals"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "INSERT INTO {} DEFAULT VALUES"],
)
def test_the_application_cannot_rewrite_history(
    session: Session, table: str, statement: str
) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text(statement.format(table)))


@pytest.mark.parametrize("table", ["crm_history", "crm_history_seals"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}"])
def test_nor_can_the_owner_of_the_tables_by_accident(
    own_database: str, table: str, statement: str
) -> None:
    with (
        psycopg.connect(own_database, options="-c role=crm_owner") as owner,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
    ):
        owner.execute(statement.format(table).encode())


def test_the_application_cannot_empty_a_tracked_table_unseen(session: Session) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        session.execute(text("TRUNCATE crm_staff CASCADE"))


class TestSealing:
    """On a database of its own: only what is committed can be sealed."""

    @pytest.fixture
    def sealed(self, untold: str) -> str:
        """Six lines, sealed three and three."""
        for _ in range(2):
            with transaction(who="staff:1") as session:
                for _ in range(3):
                    make_staff(session, Role.VIEWER)
            assert seal().rows == 3
        return untold

    def test_a_whole_chain_has_no_faults(self, sealed: str) -> None:
        assert faults() == []

    def test_the_head_is_that_of_the_last_seal_and_stays_while_nothing_happens(
        self, sealed: str
    ) -> None:
        with reading() as session:
            last = session.execute(
                text("SELECT encode(hash, 'hex') FROM crm_history_seals ORDER BY id DESC LIMIT 1")
            ).scalar_one()
        assert seal() == history.Seal(rows=0, head=last)

    def test_what_is_not_committed_waits_for_the_next_seal(self, untold: str) -> None:
        with transaction(who="staff:1") as open_one:
            make_staff(open_one, Role.VIEWER)
            with transaction(who="staff:2") as session:
                make_staff(session, Role.VIEWER)
            assert seal().rows == 0
        assert seal().rows == 2
        assert faults() == []

    def test_an_altered_line_is_named(self, sealed: str) -> None:
        tamper(sealed, "UPDATE crm_history SET who = 'staff:2' WHERE id = 2")
        assert faults() == ["history row 2 (seal 1) was altered"]

    def test_a_removed_line_is_named(self, sealed: str) -> None:
        tamper(sealed, "DELETE FROM crm_history WHERE id = 5")
        assert faults() == ["history row 5 (seal 2) was removed"]

    def test_a_line_slipped_in_behind_the_seals_is_named(self, sealed: str) -> None:
        tamper(
            sealed,
            "INSERT INTO crm_history (xact, who, why, request_id, table_name, action)"
            " SELECT xact, 'staff:9', '', '', 'crm_staff', 'insert' FROM crm_history WHERE id = 2",
        )
        assert faults() == ["history row 7 was slipped in behind the seals"]

    def test_a_seal_made_to_fit_an_altered_line_breaks_the_chain(self, sealed: str) -> None:
        tamper(
            sealed,
            "UPDATE crm_history SET who = 'staff:2' WHERE id = 2",
            "UPDATE crm_history_seals SET row_hashes = (SELECT string_agg(crm_history_hash(h),"
            " ''::bytea ORDER BY h.id) FROM crm_history h WHERE h.id <= 3) WHERE id = 1",
        )
        assert faults() == ["history seal 1 does not follow from the seal before it"]

    def test_a_removed_seal_breaks_the_chain(self, sealed: str) -> None:
        tamper(sealed, "DELETE FROM crm_history_seals WHERE id = 1")
        assert "history seal 2 does not follow from the seal before it" in faults()

    def test_the_first_broken_row_comes_first(self, sealed: str) -> None:
        tamper(sealed, "DELETE FROM crm_history WHERE id IN (3, 6)")
        assert faults()[0] == "history row 3 (seal 1) was removed"

    def test_after_a_restore_the_chain_goes_on(self, sealed: str) -> None:
        with transaction(who="staff:1") as session:
            make_staff(session, Role.VIEWER)
        # A restored database counts its transactions from the start, below those of the copy.
        tamper(sealed, "UPDATE crm_history_seals SET to_xact = '999999999' WHERE id = 2")
        tamper(
            sealed,
            "UPDATE crm_history_seals SET to_xact = '999999999' WHERE id = 2",
            "SELECT crm_history_restart()",
        )
        with transaction(who="staff:1") as session:
            make_staff(session, Role.VIEWER)
        assert seal().rows == 1
        assert faults() == []

    def test_after_a_restore_the_old_lines_are_still_guarded(self, sealed: str) -> None:
        tamper(sealed, "SELECT crm_history_restart()")
        tamper(sealed, "UPDATE crm_history SET why = 'x' WHERE id = 1")
        assert faults() == ["history row 1 (seal 1) was altered"]

    def test_the_application_cannot_begin_the_chain_anew(self, sealed: str) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"), reading() as session:
            history.restart_chain(session)


def seal() -> history.Seal:
    """One run of the sealing job."""
    with transaction(who="job:seal") as session:
        return history.seal(session)


def faults() -> list[str]:
    """What a verification finds."""
    with reading() as session:
        return list(history.broken(session))


def tamper(url: str, *statements: str) -> None:
    """What somebody with all rights over the server could do."""
    with psycopg.connect(url) as intruder:
        intruder.execute("SET session_replication_role = replica")
        for statement in statements:
            intruder.execute(statement.encode())


def test_staff_is_only_one_of_the_tables_that_are_tracked(session: Session) -> None:
    tracked = {
        row[0]
        for row in session.execute(
            text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'history_update'")
        )
    }
    assert {"crm_sessions", "crm_api_tokens", "crm_receipts", Staff.__tablename__} <= tracked


class TestForgetting:
    """What a line held may be emptied by an erasure; that somebody did something stays sealed."""

    @pytest.fixture
    def sealed(self, untold: str) -> str:
        """Two lines of one account, sealed; a third that no seal covers yet."""
        with transaction(who="staff:1", why="Ada asked") as session:
            staff = make_staff(session, Role.VIEWER)
            staff.name = "Ada Obi"
        assert seal().rows == 2
        with transaction(who="staff:2", why="Ada asked again") as session:
            session.execute(text("UPDATE crm_staff SET name = 'Ada N. Obi'"))
        return untold

    def test_the_lines_stay_without_what_they_held(self, sealed: str) -> None:
        assert forget(sealed) == 3

        with reading() as session:
            told = session.execute(text("SELECT * FROM crm_history ORDER BY id")).all()
        assert [line.action for line in told] == ["insert", "update", "update", "forget"]
        assert [(line.why, line.before, line.after, line.salt) for line in told[:3]] == [
            ("", None, None, None)
        ] * 3
        assert (told[2].who, told[2].erasure_id) == ("staff:2", 7)
        assert told[3].after == {"rows": [line.id for line in told[:3]]}

    def test_seals_made_before_and_after_still_hold(self, sealed: str) -> None:
        forget(sealed)
        assert faults() == []
        assert seal().rows == 2
        assert faults() == []

    def test_an_emptied_line_is_still_guarded(self, sealed: str) -> None:
        forget(sealed)
        tamper(sealed, "UPDATE crm_history SET who = 'staff:9' WHERE id = 1")
        tamper(sealed, r"UPDATE crm_history SET images_hash = '\x00' WHERE id = 2")
        assert faults() == [f"history row {one} (seal 1) was altered" for one in (1, 2)]

    def test_a_line_emptied_without_an_erasure_is_named(self, sealed: str) -> None:
        tamper(
            sealed,
            "UPDATE crm_history h SET images_hash = crm_history_images(h), erasure_id = 7,"
            " salt = NULL, before = NULL, after = NULL, why = '' WHERE id = 1",
        )
        assert faults() == ["history row 1 was emptied, and no erasure says so"]

    def test_nobody_says_by_a_note_that_an_erasure_did_it(self, session: Session) -> None:
        history.note(session, "forget", "crm_erasures", 7, {"rows": [1]})
        assert [line.action for line in lines(session, 7, "crm_erasures")] == ["note"]

    def test_the_application_cannot_forget_what_it_likes(self, session: Session) -> None:
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text("SELECT crm_history_forget(7, '{crm_staff}', '{1}')"))

    @pytest.mark.parametrize(
        "change",
        ["who = 'staff:9'", "after = NULL", r"erasure_id = 7, images_hash = '\x00', salt = NULL"],
    )
    def test_not_even_while_it_forgets_anything_else_is_changed(
        self, sealed: str, change: str
    ) -> None:
        with (
            psycopg.connect(sealed, options="-c role=crm_owner -c crm.forgetting=7") as owner,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"),
        ):
            owner.execute(f"UPDATE crm_history SET {change} WHERE id = 1".encode())


def forget(url: str) -> int:
    """What an erasure of the first account would have done."""
    with psycopg.connect(url) as owner:
        found = owner.execute(
            "SELECT crm_history_forget(7, ARRAY['crm_staff'],"
            " ARRAY[(SELECT min(record_id) FROM crm_history WHERE table_name = 'crm_staff')])"
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_what_was_sealed_before_lines_could_be_forgotten_is_sealed_anew(
    empty_database: str,
) -> None:
    upgrade(empty_database, "2026_11_24_13")
    with psycopg.connect(empty_database) as owner:
        for number in range(4):
            owner.execute(
                "INSERT INTO crm_staff (email, name, roles) VALUES (%s, 'X', '{}')",
                [f"{number}@x.ng"],
            )
        owner.execute("CREATE TABLE told AS SELECT max(id) AS id FROM crm_history")
        owner.commit()
        owner.execute("SELECT crm_history_seal()")
        # Somebody altered a line before the upgrade: that must not be washed clean.
        owner.execute("ALTER TABLE crm_history DISABLE TRIGGER append_only")
        owner.execute("UPDATE crm_history SET who = 'nobody' WHERE id = (SELECT id FROM told)")
        owner.execute("ALTER TABLE crm_history ENABLE TRIGGER append_only")
        [altered] = owner.execute("SELECT id FROM told").fetchone() or (0,)

    upgrade(empty_database, "head")

    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(empty_database))
    with Session(engine) as session:
        assert list(history.broken(session)) == [f"history row {altered} (seal 1) was altered"]
        told = session.execute(text("SELECT after FROM crm_history WHERE action = 'reseal'"))
        head = session.execute(text("SELECT encode(hash, 'hex') FROM crm_history_seals"))
        assert told.scalar_one()["head"] == head.scalar_one()
    engine.dispose()


def upgrade(url: str, revision: str) -> None:
    """As `migrate`, and no further than that revision."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    with engine.connect() as connection:
        command.upgrade(_config(connection), revision)
        connection.commit()
    engine.dispose()
