"""The data folder: what lies where, and who owns it."""

import fcntl
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crm_core.base.embedded.errors import EmbeddedError, path_too_long

PORT = 5432
# The kernel keeps 108 bytes for the address of a socket, the closing zero included.
_SOCKET_PATH_LIMIT = 107
# PostgreSQL keeps 1,024 bytes for a path and makes names inside its folder.
_DATA_PATH_LIMIT = 900


@dataclass(frozen=True)
class Folder:
    """Everything of one embedded database lies in `root`; PostgreSQL's own part in `cluster`."""

    root: Path

    @property
    def cluster(self) -> Path:
        return self.root / "cluster"

    @property
    def unfinished_cluster(self) -> Path:
        return self.root / "cluster.new"

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def password_file(self) -> Path:
        return self.root / "password"

    @property
    def sockets(self) -> Path:
        inside = self.root / "socket"
        longest = len(os.fsencode(inside)) + len(f"/.s.PGSQL.{PORT}")
        # Both the server and its clients read a comma as the end of one host.
        if longest <= _SOCKET_PATH_LIMIT and not set('",') & set(str(inside)):
            return inside
        # Not the temporary folder of the environment: all processes must find the same one.
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path("/tmp") / f"crm-{digest}"  # noqa: S108 (its owner and mode are checked)

    def major_version(self) -> int | None:
        """The PostgreSQL version that made the database, None before it is made."""
        try:
            return int((self.cluster / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    def owner(self) -> tuple[int, int]:
        """Whose database it is, as user and group; before it is made, whose folder."""
        owned = (self.cluster if self.cluster.exists() else self.root).stat()
        return owned.st_uid, owned.st_gid

    def open(self, path: Path, flags: int) -> int:
        """Open a private file that belongs to the owner of the data folder, also for root."""
        descriptor = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if os.geteuid() == 0:
            os.fchown(descriptor, *self.owner())
        return descriptor

    def give_to(self, uid: int, gid: int) -> None:
        """Hand the folder over, what decides about its owner last: a killed handing is repeated."""
        if self.owner()[0] == uid:
            return
        for parent, folders, files in os.walk(self.root, topdown=False):
            for name in (*files, *folders):
                os.chown(os.path.join(parent, name), uid, gid, follow_symlinks=False)
        os.chown(self.root, uid, gid)

    def password(self) -> str:
        """The superuser's password; made once, before the database, and never changed."""
        if not self.password_file.exists():
            if self.major_version() is not None:
                raise EmbeddedError(
                    f"The file {self.password_file} is missing: put it back from a backup."
                )
            self._write_password()
        return self.password_file.read_text().strip()

    def _write_password(self) -> None:
        unfinished = self.password_file.with_suffix(".new")
        descriptor = self.open(unfinished, os.O_WRONLY | os.O_TRUNC)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.password_file)

    def make_sockets(self) -> None:
        """Make the folder of the sockets, and refuse one that somebody else prepared for us."""
        user, group = self.owner()
        try:
            self.sockets.mkdir(mode=0o700)
            if os.geteuid() == 0:
                os.chown(self.sockets, user, group)
        except FileExistsError:
            pass
        found = self.sockets.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o077:
            raise EmbeddedError(f"{self.sockets} is not a private folder of ours: remove it.")

    def clear_sockets(self) -> None:
        """Remove what a dead server left: a reused pid in its lock file would stop the next one."""
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self.sockets / name).unlink(missing_ok=True)


def prepare(data_dir: Path) -> Folder:
    """Make the data folder where it is missing: private, and owned like the folder it is in."""
    root = data_dir.resolve()
    if len(os.fsencode(root)) > _DATA_PATH_LIMIT:
        raise EmbeddedError(path_too_long(root))
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        root.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            owner = root.parent.stat()
            os.chown(root, owner.st_uid, owner.st_gid)
    return Folder(root)


@contextmanager
def start_lock(folder: Folder, say: Callable[[str], None]) -> Iterator[int]:
    """Let one process at a time start or stop the server; gives the descriptor of the lock."""
    descriptor = folder.open(folder.root / "start.lock", os.O_RDWR)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another process is starting or stopping the database; waiting for it.")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


class Holders:
    """The processes that use the server: each shares one lock, which the kernel drops at death."""

    def __init__(self, folder: Folder) -> None:
        self._descriptor = folder.open(folder.root / "holders.lock", os.O_RDWR)

    def join(self) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def is_last(self) -> bool:
        """Whether nobody else is left; whoever asks is on the way out and counts no more."""
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        os.close(self._descriptor)
