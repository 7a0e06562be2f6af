"""`generate` and `export` from the command line."""

import csv
import io

import pyarrow.parquet as pa_parquet
import pytest

from crm_core.base.db import reading, transaction
from crm_core.insights.exports import PastExport, list_exports
from crm_core.people.schemas import Role
from tests.cli.commands import Command
from tests.make import make_actor
from tests.make_business import make_hospital
from tests.make_patients import make_patient


def past() -> PastExport:
    with reading() as session:
        return list_exports(session, actor=make_actor(Role.ANALYST))[0]


@pytest.fixture
def two_patients(own_database: str) -> None:
    """Two members, one of them of Kano."""
    with transaction(who="staff:1") as session:
        make_patient(session, "Ada Obi")
        make_patient(session, "Musa Bello", state="Kano", city="Kano")


class TestGenerate:
    def test_it_says_how_many_rows_it_made(self, command: Command) -> None:
        with transaction(who="staff:1") as session:
            make_hospital(session)
        result = command("generate", "--patients", "20", "--transactions", "200", "--seed", "3")
        assert result.exit_code == 0, result.output
        assert "rows in" in result.output.splitlines()[-1]
        assert command("verify").output == "Everything holds.\n"

    def test_without_a_hospital_it_says_what_to_do(self, command: Command) -> None:
        result = command("generate", "--patients", "20")
        assert result.exit_code == 1
        assert "load the sample data first" in result.output


class TestExport:
    def test_the_file_is_alone_on_standard_output(
        self, command: Command, two_patients: None
    ) -> None:
        result = command("export", "members")
        header, *rows = csv.DictReader(io.StringIO(result.stdout)), result.stderr
        assert [row["last_name"] for row in header] == ["Obi", "Bello"]
        assert rows == ["2 rows\n"]

    def test_it_takes_filters_and_a_format(self, command: Command, two_patients: None) -> None:
        result = command("export", "members", "--format", "parquet", "--filter", "state=Kano")
        found = pa_parquet.read_table(io.BytesIO(result.stdout_bytes))
        assert found.column("last_name").to_pylist() == ["Bello"]

    def test_it_is_in_the_history(self, command: Command, two_patients: None) -> None:
        command("export", "lots", "--filter", "state=Kano")
        assert past().who.startswith("command:")
        assert (past().dataset, past().filters, past().rows) == ("lots", {"state": "Kano"}, 1)

    @pytest.mark.parametrize("words", [("members", "--filter", "state"), ("owners",)], ids=str)
    def test_what_it_does_not_know_is_refused(
        self, command: Command, words: tuple[str, ...]
    ) -> None:
        assert command("export", *words).exit_code == 2
