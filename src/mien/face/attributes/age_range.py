"""Gives the years between which the age of a face lies."""

from math import ceil, floor

import numpy as np

from mien.face.attributes.evidence import Evidence
from mien.face.types import Years

# Fitted by quantile regression: of the faces for which the network's mean is that of _GIVEN, 12% are younger than _LOW
# says and 12% older than _HIGH says. It guesses the old too young.
_GIVEN = (0, 8, 16, 25, 40, 55, 70)
_LOW = (0.5, 4.2, 5.0, 21.5, 27.8, 43.6, 70.0)
_HIGH = (2.0, 11.5, 32.0, 32.0, 62.6, 76.0, 88.0)


def age_range(evidence: Evidence) -> Years:
    """Reads the years off the mean that the age network gives."""
    low, high = (np.interp(evidence.years, _GIVEN, bounds) for bounds in (_LOW, _HIGH))
    return Years(floor(low), ceil(high))
