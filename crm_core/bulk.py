"""Commands for whole sets of data: made-up ones to measure with, exports to take away."""

import getpass
import sys
from pathlib import Path
from typing import BinaryIO, TextIO

import click

from crm_core import backup
from crm_core.base import history
from crm_core.base.database import database, in_database
from crm_core.base.db import reading, transaction
from crm_core.base.errors import NotFound, Refusal
from crm_core.base.migrate import migrate
from crm_core.generate import (
    generate,
    generate_appointments,
    generate_feedback,
    generate_messages,
)
from crm_core.insights.exports import Dataset, ExportFilter, Format, open_export
from crm_core.insights.exports.snapshots import take_snapshot
from crm_core.loyalty import importing
from crm_core.loyalty.importing import queries as imports
from crm_core.loyalty.importing.schemas import ImportRead
from crm_core.payouts.transfers.configured import required_gateway
from crm_core.payouts.transfers.hearing import apply_waiting_events
from crm_core.payouts.transfers.reconciling import reconcile
from crm_core.people.schemas import Actor, machine
from crm_core.privacy import repeating
from crm_core.privacy.repeating import proofs
from crm_core.privacy.schemas import ErasureProof


@click.command("generate")
@click.option("--patients", default=10_000, show_default=True, help="How many patients.")
@click.option("--transactions", default=100_000, show_default=True, help="About how many rows.")
@click.option("--appointments", default=0, show_default=True, help="About how many visits.")
@click.option("--doctors", default=20, show_default=True, help="How many doctors they are with.")
@click.option("--feedback", default=0, show_default=True, help="How many pieces of feedback.")
@click.option("--messages", default=0, show_default=True, help="Messages to all patients.")
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same data.")
def generate_patients(seed: int, **wanted: int) -> None:
    """Add made-up patients and what happened to them. Not to a database in use."""
    with database(say=_note) as urls:
        migrate(urls.owner)
        people = {name: wanted[name] for name in ("patients", "transactions")}
        made = generate(urls.owner, **people, seed=seed, say=_note)
        if wanted["appointments"]:
            visits = {name: wanted[name] for name in ("appointments", "doctors")}
            made += generate_appointments(urls.owner, **visits, seed=seed, say=_note)
        if wanted["feedback"]:
            pieces = wanted["feedback"]
            made += generate_feedback(urls.owner, pieces=pieces, seed=seed, say=_note)
        if wanted["messages"]:
            number = wanted["messages"]
            made += generate_messages(urls.owner, messages=number, seed=seed, say=_note)
    click.echo(f"{made.rows:,} rows in {made.seconds:.0f} s: {made.rows_a_second:,.0f} a second")


@click.command("export", short_help="Write a data set of the loyalty programme out.")
@click.argument("dataset", type=click.Choice([dataset.value for dataset in Dataset]))
@click.option(
    "--format",
    "kind",
    type=click.Choice([f.value for f in Format]),
    default="csv",
    help="Of the file; csv unless said.",
)
@click.option("--filter", "filters", multiple=True, help="Such as loyalty_tier=gold; repeatable.")
def export_dataset(dataset: str, kind: str, filters: tuple[str, ...]) -> None:
    """Write a data set of the loyalty programme to standard output.

    Identifiers are included: the command line sees everything. The export is in the history.
    """
    if kind != Format.CSV and sys.stdout.isatty():
        raise click.UsageError(f"Send the {kind} to a file: add > {dataset}.{kind}")
    given = ExportFilter.model_validate(dict(_pair(text) for text in filters))
    with in_database(say=_note):
        actor = _me()
        export = open_export(Dataset(dataset), Format(kind), given, actor=actor)
        for chunk in export.chunks():
            sys.stdout.buffer.write(chunk)
        sys.stdout.flush()
    _note(f"{export.rows:,} rows")


@click.command("snapshot", short_help="Write Parquet files of loyalty and campaign effect.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def write_snapshot(folder: Path) -> None:
    """Write today's snapshot for analytics into FOLDER, without identifiers.

    It holds Parquet files of members, transactions, lots, features and campaigns, and about.json,
    which says what each column is. The worker does the same each night if CRM_SNAPSHOT_DIR is set.
    """
    with in_database(say=_note):
        click.echo(take_snapshot(folder, who=_who()))


@click.command("import-patients")
@click.argument("file", type=click.File("rb"))
@click.option("--map", "mapping", multiple=True, help="Such as phone=GSM; repeatable.")
@click.option("--commit", is_flag=True, help="Register what can be imported; else only look.")
@click.option(
    "--refused", type=click.Path(dir_okay=False, path_type=Path), help="Write refused lines here."
)
def import_patients(
    file: BinaryIO, mapping: tuple[str, ...], commit: bool, refused: Path | None
) -> None:
    """Import patients from a CSV file.

    Its first line names the columns.
    """
    actor = _me()
    upload = importing.Upload(file, Path(file.name).name, dict(map(_pair, mapping)))
    with in_database(say=_note):
        with transaction(who=actor.key, why="import-patients") as session:
            seen = importing.plan_import(session, upload, actor=actor)
        _say_totals(seen)
        if commit:
            _commit_import(seen, actor)
        if refused is not None:
            _write_refused(seen, refused, actor)


@click.command("backup", short_help="Write everything in the database into a file.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def write_backup(file: Path) -> None:
    """Write everything in the database into FILE, while work goes on.

    The two keys are not in it: keep them as well, and elsewhere.
    """
    with in_database(say=_note):
        with transaction(who=_me().key, why="backup") as session:
            history.note(session, "backup", "crm_history", None, {"file": file.name})
        with database(say=_note) as urls:
            backup.back_up(urls.owner, file)
    click.echo(f"{file}: {file.stat().st_size:,} bytes. Keep the two keys, too, and elsewhere.")


@click.command("restore", short_help="Read a backup into an empty database.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def read_backup(file: Path) -> None:
    """Read FILE, which `backup` wrote, into an empty database: all of it or nothing.

    Everybody signs in anew, and messages wait until somebody lets the channels go on: what was
    waiting at the backup may have been sent since.
    """
    backup.refuse_strange_keys()
    with database(say=_note) as urls:
        backup.restore(urls.owner, file, say=_note)
        backup.calm(urls.app, file, actor=_me())
    click.echo(
        "Restored. Next: `erase-again` with the list of erasures, `verify`, and a look at what"
        " waits under Messages."
    )


@click.command("reconcile", short_help="Ask the transfer provider about what it did not answer.")
def reconcile_transfers() -> None:
    """Ask the transfer provider now about every transfer that was not answered.

    The worker does the same every minute; this is for when it was away, or to see what is found.
    """
    with in_database(say=_note):
        provider = required_gateway()
        events = apply_waiting_events()
        found = reconcile(provider)
    click.echo(
        f"Events applied: {events:,}. Transfers taken over: {found.abandoned:,},"
        f" asked after: {found.verified:,}, sent: {found.sent:,}."
    )


@click.command("erasures", short_help="List the erasures, to be kept outside of the database.")
def list_erasures() -> None:
    """Write down every erasure that was done, a line of JSON each.

    Keep it longer than the backups: `erase-again` does them again after a restore. Nobody is named.
    """
    with in_database(say=_note), reading() as session:
        for proof in proofs(session, actor=_me()):
            click.echo(proof.model_dump_json())


@click.command("erase-again", short_help="Erase whom a restored backup has brought back.")
@click.argument("file", type=click.File("r"))
def erase_again(file: TextIO) -> None:
    """Do the erasures again that `erasures` wrote into FILE: before anybody works after a restore.

    Ends with 1 where somebody could not be erased, and says why.
    """
    read = [ErasureProof.model_validate_json(line) for line in file if line.strip()]
    with in_database(say=_note):
        good = [_erase_again(proof) for proof in read]
    sys.exit(0 if all(good) else 1)


def _erase_again(proof: ErasureProof) -> bool:
    actor = _me()
    try:
        with transaction(who=actor.key, why="erase-again") as session:
            told: str = repeating.erase_again(session, proof, actor=actor)
    except NotFound:
        told = "is not in this database"
    except Refusal as refusal:
        click.echo(f"{proof.patient_code}: {refusal}")
        return False
    click.echo(f"{proof.patient_code} {told}")
    return True


def _who() -> str:
    return f"command:{getpass.getuser()}"


def _me() -> Actor:
    return machine(_who())


def _say_totals(seen: ImportRead) -> None:
    click.echo(
        f"Import {seen.id}: {seen.row_count:,} lines, {seen.ok_count:,} can be imported,"
        f" {seen.refused_count:,} refused, {seen.duplicate_count:,} duplicates."
    )
    if seen.ignored:
        _note(f"Columns that are not imported: {', '.join(seen.ignored)}")


def _commit_import(seen: ImportRead, actor: Actor) -> None:
    with transaction(who=actor.key, why="import-patients") as session:
        receipt = importing.commit_import(session, seen.id, seen.fingerprint, actor=actor)
    click.echo(f"{receipt.changed:,} patients imported: receipt {receipt.receipt_id}.")


def _write_refused(seen: ImportRead, path: Path, actor: Actor) -> None:
    with path.open("wb") as out, reading() as session:
        for part in imports.refused_file(session, seen.id, actor=actor):
            out.write(part)
    _note(f"The refused lines are in {path}.")


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"write NAME=VALUE instead of {text}", param_hint="option")
    return name, value


def _note(sentence: str) -> None:
    """Beside what a command prints, so that a file gets the data alone."""
    click.echo(sentence, err=True)
