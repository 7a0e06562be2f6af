"""Commands for whole sets of data: made-up ones to measure with, exports to take away."""

import getpass
import sys

import click

from crm_core.base.database import database
from crm_core.base.db import connect
from crm_core.base.migrate import migrate
from crm_core.generate import generate
from crm_core.insights.exports import Dataset, ExportFilter, Format, open_export
from crm_core.people.schemas import machine


@click.command("generate")
@click.option("--patients", default=10_000, show_default=True, help="How many patients.")
@click.option("--transactions", default=100_000, show_default=True, help="About how many rows.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same data.")
def generate_patients(patients: int, transactions: int, seed: int) -> None:
    """Add made-up patients with their points, to measure with. Not for a database in use."""
    with database(say=_note) as urls:
        migrate(urls.owner)
        made = generate(
            urls.owner, patients=patients, transactions=transactions, seed=seed, say=_note
        )
    click.echo(f"{made.rows:,} rows in {made.seconds:.0f} s: {made.rows_a_second:,.0f} a second")


@click.command("export")
@click.argument("dataset", type=click.Choice([dataset.value for dataset in Dataset]))
@click.option("--format", "kind", type=click.Choice([f.value for f in Format]), default="csv")
@click.option("--filter", "filters", multiple=True, help="Such as loyalty_tier=gold; repeatable.")
def export_dataset(dataset: str, kind: str, filters: tuple[str, ...]) -> None:
    """Write a data set of the loyalty programme to standard output.

    Identifiers are included: the command line sees everything. The export is in the history.
    """
    if kind != Format.CSV and sys.stdout.isatty():
        raise click.UsageError(f"Send the {kind} to a file: add > {dataset}.{kind}")
    given = ExportFilter.model_validate(dict(_pair(text) for text in filters))
    with database(say=_note) as urls:
        engine = connect(urls.app)
        actor = machine(f"command:{getpass.getuser()}")
        export = open_export(Dataset(dataset), Format(kind), given, actor=actor)
        for chunk in export.chunks():
            sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
        engine.dispose()
    _note(f"{export.rows:,} rows")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"write NAME=VALUE instead of {text}", param_hint="--filter")
    return name, value


def _note(sentence: str) -> None:
    """Beside what a command prints, so that a file gets the data alone."""
    click.echo(sentence, err=True)
