"""The settings of the server, for machines from a laptop of 2 GB to a server of 24 GB."""

import os
from collections.abc import Mapping
from pathlib import Path

from crm_core.base.embedded.folder import PORT, Folder

_MB = 1024 * 1024


def server_settings(folder: Folder, wanted: Mapping[str, str]) -> dict[str, str]:
    """Ours, then the caller's, then those that keep the server private."""
    private = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(folder.sockets),
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "logging_collector": "off",
    }
    return {**_memory(_memory_megabytes()), **_habits(), **wanted, **private}


def _memory(megabytes: int) -> dict[str, str]:
    return {
        "shared_buffers": f"{_within(128, megabytes // 8, 4096)}MB",
        "effective_cache_size": f"{max(256, megabytes // 2)}MB",
        "maintenance_work_mem": f"{_within(64, megabytes // 32, 512)}MB",
        "work_mem": f"{_within(4, megabytes // 512, 32)}MB",
        "dynamic_shared_memory_type": _shared_memory_type(),
    }


def _habits() -> dict[str, str]:
    return {
        "max_connections": "200",
        "max_wal_size": "2GB",
        "random_page_cost": "1.1",
        # Compiling costs more than it saves in the short queries of an application.
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        "log_line_prefix": "%m [%p] %u ",
        # The details of an error quote the row: no patient's phone number belongs in a log.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }


def _within(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _memory_megabytes() -> int:
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        # A container sees the memory of the whole machine, and is killed at its own limit.
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        limit = "max"
    return min(machine, int(limit) if limit.isdigit() else machine) // _MB


def _shared_memory_type() -> str:
    """Containers often have 64 MB of /dev/shm, which one large parallel query fills."""
    try:
        size = os.statvfs("/dev/shm")  # noqa: S108 (only its size is asked for)
    except OSError:
        return "posix"
    return "posix" if size.f_frsize * size.f_blocks >= 512 * _MB else "sysv"
