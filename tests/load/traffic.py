"""Requests a second of one address: by wrk where it is installed, else by autocannon."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
SECONDS = 3


@dataclass(frozen=True)
class Generator:
    """What makes the requests."""

    name: str
    modules: Path

    def requests_a_second(self, url: str, token: str) -> float:
        """One run; fails where any answer was not a good one."""
        header = f"Authorization: Bearer {token}"
        if self.name == "wrk":
            words = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", header, url]
            said = _run(words)
            found = re.search(r"Requests/sec:\s+([\d.]+)", said)
            assert found is not None, said
            assert "Non-2xx" not in said, said
            return float(found[1])
        program = str(self.modules / ".bin" / "autocannon")
        words = [program, "-j", "-c", str(CONNECTIONS), "-d", str(SECONDS), "-H", header, url]
        result = json.loads(_run(words))
        assert not result["non2xx"] + result["errors"], result
        return float(result["requests"]["average"])


def generator(modules: Path) -> Generator:
    """The one with the smaller appetite, if it is there: it shares the machine with the servers."""
    return Generator("wrk" if shutil.which("wrk") else "autocannon", modules)


def _run(words: list[str]) -> str:
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS + 60, check=True)
    return done.stdout
