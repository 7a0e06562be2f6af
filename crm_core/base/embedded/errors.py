"""What can be missing, in one sentence that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class EmbeddedError(RuntimeError):
    """The database cannot run; the text is one sentence that says what to do."""


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals about the data folder into a sentence."""
    try:
        yield
    except OSError as error:
        raise EmbeddedError(_sentence(error, folder)) from error


def disk_full(folder: Path) -> str:
    return f"The disk that holds {folder} is full: free some space and start again."


def path_too_long(folder: Path) -> str:
    return f"The path of the data folder is too long: choose a shorter one than {folder}."


def _sentence(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(folder)
    if error.errno == errno.ENAMETOOLONG:
        return path_too_long(folder)
    reason = (error.strerror or str(error)).lower()
    return (
        f"The data folder {folder} cannot be used ({reason}): let this account write there,"
        " or choose another folder."
    )
