"""One series of numbers -> its course, noise and episodes. Knows arrays, nothing of training.

``examine(step, value)`` returns a ``SeriesFit``; its ``departure`` is a rise that was not recovered at the end (onset,
90 % interval, point of no return, levels, shape), its ``excursions`` are spikes that came back, its ``nonfinite``
stretches are where the values were NaN or Inf. Thresholds speak of noise widths and habit only; whether a rise
matters is judged in ``losslens.verdict``.
"""

from __future__ import annotations

from losslens.detector.examine import examine
from losslens.detector.excursions import Excursion
from losslens.detector.seriesfit import Departure, SeriesFit
from losslens.detector.transform import Transform

__all__ = ["Departure", "Excursion", "SeriesFit", "Transform", "examine"]
