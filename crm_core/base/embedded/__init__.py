"""An embedded PostgreSQL: started by the first process that needs it, stopped by the last.

The server listens on a private socket only, asks everybody for a password, and lives in one data
folder together with its password and its log (`postgres.log`).
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode

from crm_core.base.embedded import programs, server
from crm_core.base.embedded.errors import EmbeddedError, explained
from crm_core.base.embedded.folder import PORT, Folder, Holders, prepare, start_lock
from crm_core.base.embedded.server import SUPERUSER

__all__ = ["SUPERUSER", "Cluster", "EmbeddedError", "running"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cluster:
    """A running server. Its addresses stay the same over crashes and restarts."""

    data_dir: Path
    socket_dir: Path
    password: str = field(repr=False)
    port: int = PORT

    def url(
        self, *, user: str = SUPERUSER, database: str = "postgres", password: str | None = None
    ) -> str:
        """A libpq URI. The superuser's password is known here, any other role's must be given."""
        if password is None and user == SUPERUSER:
            password = self.password
        secret = "" if password is None else ":" + quote(password, safe="")
        where = urlencode({"host": str(self.socket_dir), "port": self.port}, quote_via=quote)
        return f"postgresql://{quote(user, safe='')}{secret}@/{quote(database, safe='')}?{where}"


@contextmanager
def running(
    data_dir: Path,
    *,
    say: Callable[[str], None] = _log.info,
    settings: Mapping[str, str] | None = None,
) -> Iterator[Cluster]:
    """Start the server of this folder or join it; the last process to leave stops it.

    A process that is killed leaves by itself, but stops nothing: the next to leave does. `settings`
    are server settings such as fsync, and mean nothing to a server that runs already. `say` gets
    a sentence whenever there is something to wait for. Raises EmbeddedError.
    """
    with explained(data_dir):
        folder = prepare(data_dir)
        holders = Holders(folder)
    with closing(holders):
        try:
            yield _enter(folder, holders, settings or {}, say)
        finally:
            _leave(folder, holders, say)


def _enter(
    folder: Folder,
    holders: Holders,
    settings: Mapping[str, str],
    say: Callable[[str], None],
) -> Cluster:
    with explained(folder.root), start_lock(folder, say) as lock:
        holders.join()
        found = programs.find(made_by=folder.major_version())
        server.ensure_running(server.Server(folder, found, settings, say), lock)
        return Cluster(folder.root, folder.sockets, folder.password())


def _leave(folder: Folder, holders: Holders, say: Callable[[str], None]) -> None:
    with explained(folder.root), start_lock(folder, say):
        if holders.is_last():
            server.stop(folder)
