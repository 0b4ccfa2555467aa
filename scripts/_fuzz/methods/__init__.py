"""The expected results of the methods of `kerascnn.visualize`, computed plainly from the papers.

Each function takes a case and returns triples: a description, the result of the method, and the
result of the plain computation.
"""

from _fuzz.methods import (  # noqa: F401  registers them
    contributions,
    gradients,
    maps,
    perturbation,
    synthesis,
)
from _fuzz.methods.common import METHODS, SkipError

__all__ = ["METHODS", "SkipError"]
