"""How sure one can be of the difference of two shares.

Newcombe's hybrid score interval (R. G. Newcombe, Statistics in Medicine 17, 1998, method 10) is
put together from Wilson's intervals of the two shares. It holds what it promises for small groups
and shares near 0 as well, where the usual one falls short. It is four lines of arithmetic, so no
library of statistics is brought along for it.
"""

from math import sqrt

Z95 = 1.959963984540054
"""The normal distribution has 95 % of its weight within so many standard deviations."""


def wilson(successes: int, trials: int, z: float = Z95) -> tuple[float, float]:
    """Wilson's score interval of a share; ``trials`` is at least 1."""
    share = successes / trials
    middle = share + z * z / (2 * trials)
    reach = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def newcombe(
    first: tuple[int, int], second: tuple[int, int], z: float = Z95
) -> tuple[float, float, float]:
    """The difference of two shares, first − second, with the ends of its interval.

    Args:
        first: successes and trials, the latter at least 1; so is ``second``.
    """
    share, other = first[0] / first[1], second[0] / second[1]
    low, high = wilson(*first, z)
    other_low, other_high = wilson(*second, z)
    difference = share - other
    return (
        difference,
        difference - sqrt((share - low) ** 2 + (other_high - other) ** 2),
        difference + sqrt((high - share) ** 2 + (other - other_low) ** 2),
    )
