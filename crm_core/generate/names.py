"""Names as they are common in the parts of the country (``names.txt``), and where people live."""

from functools import cache
from pathlib import Path

# State, how many of a thousand patients live there, whose names are common there.
HOMES = (
    ("Lagos", 240, "yoruba"),
    ("FCT", 110, "hausa"),
    ("Rivers", 90, "southern"),
    ("Kano", 80, "hausa"),
    ("Oyo", 60, "yoruba"),
    ("Enugu", 55, "igbo"),
    ("Anambra", 50, "igbo"),
    ("Kaduna", 45, "hausa"),
    ("Edo", 40, "southern"),
    ("Imo", 40, "igbo"),
    ("Ogun", 40, "yoruba"),
    ("Delta", 35, "southern"),
    ("Akwa Ibom", 30, "southern"),
    ("Abia", 30, "igbo"),
    ("Plateau", 20, "hausa"),
    ("Osun", 20, "yoruba"),
    ("Borno", 15, "hausa"),
)


@cache
def names_of(kind: str, people: str) -> list[str]:
    """``first`` or ``last`` names of a part of the country."""
    lines = Path(__file__).with_name("names.txt").read_text(encoding="utf-8").splitlines()
    found = dict(line.split(": ") for line in lines if not line.startswith("#"))
    return found[f"{kind} {people}"].split()
