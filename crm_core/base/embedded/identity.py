"""Who runs the server: PostgreSQL refuses root, so root lends it another identity."""

import os
import pwd
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from crm_core.base.embedded.errors import EmbeddedError
from crm_core.base.embedded.folder import Folder
from crm_core.base.embedded.programs import Programs, environment

# The folder we stand in may be closed to the other identity, and initdb wants to return to it.
_FROM_THE_TOP = ("/bin/sh", "-c", 'cd / && exec "$@"', "sh")


@dataclass(frozen=True)
class Identity:
    """The owner of the files, and the words before a command that runs it as that owner."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()


def choose(folder: Folder, programs: Programs) -> Identity:
    """The first identity that reaches both the programs and the data."""
    if os.geteuid() != 0:
        # Nobody but root can give files away: they are taken as they are.
        return Identity(*folder.owner())
    for identity in _candidates(folder.owner()[0]):
        if _reaches(identity, folder, programs):
            return identity
    raise EmbeddedError(
        "PostgreSQL refuses to run as root and root may not become another account here:"
        " start as an ordinary user."
    )


def _candidates(owner: int) -> Iterator[Identity]:
    if account := _account(owner):
        yield from _as_account(account)
        return
    if account := _account("postgres") or _account("nobody"):
        yield _in_namespace(account)
        yield from _as_account(account)


def _account(key: int | str) -> pwd.struct_passwd | None:
    try:
        account = pwd.getpwuid(key) if isinstance(key, int) else pwd.getpwnam(key)
    except KeyError:
        return None
    return account if account.pw_uid != 0 else None


def _in_namespace(account: pwd.struct_passwd) -> Identity:
    """Root that believes to be the account: its files stay root's, in folders closed to others."""
    names = (f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}")
    return Identity(0, 0, (*_FROM_THE_TOP, "unshare", "--user", *names))


def _as_account(account: pwd.struct_passwd) -> Iterator[Identity]:
    """The account itself, for containers without namespaces.

    Second with the one right of root that lets it pass through folders closed to it, such as
    root's home; the fix-up would hide that right from access(), by which PostgreSQL finds itself.
    """
    uid, gid = account.pw_uid, account.pw_gid
    become = (*_FROM_THE_TOP, "setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    yield Identity(uid, gid, (*become, "--inh-caps=-all"))
    right = ("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override")
    yield Identity(uid, gid, (*become, "--securebits=+no_setuid_fixup", *right))


def _reaches(identity: Identity, folder: Folder, programs: Programs) -> bool:
    # The data folder itself will be handed over; the way to it must be open already.
    question = ("test", "-x", programs.path("postgres"), "-a", "-x", str(folder.root.parent))
    answer = subprocess.run([*identity.prefix, *question], capture_output=True, env=environment())
    return answer.returncode == 0
