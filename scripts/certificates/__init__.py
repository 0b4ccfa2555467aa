"""Certificates of equality: the same weights here and in a peer, and how much the results differ.

`certificates()` lists them. `scripts/make_certificates.py` writes docs/certificates.md, and the
framework tests check each of them. The peers are imported only when a certificate is checked.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

LIMIT = 1e-4  # largest difference, relative to the largest value


@dataclass(frozen=True)
class Certificate:
    """A result that is compared with that of a peer.

    Attributes:
        topic: the table that it belongs to.
        what: what is compared.
        net: the network whose weights are copied.
        peer: the package that computes the same.
        compare: computes pairs of arrays, ours and the peer's, by name.
        why: how the peer is used where it differs by its design.
    """

    topic: str
    what: str
    net: str
    peer: str
    compare: Callable[[], dict[str, tuple]]
    why: str = ""

    @property
    def name(self) -> str:
        """A unique name."""
        return f"{self.what}, {self.net}, {self.peer}"

    def difference(self) -> tuple[float, int]:
        """Return the largest relative difference, and the number of compared arrays."""
        pairs = self.compare()
        return max(relative(name, *pair) for name, pair in pairs.items()), len(pairs)


def relative(name: str, ours: np.ndarray, theirs: np.ndarray) -> float:
    """Compute the largest difference, relative to the largest value of the peer."""
    ours, theirs = np.asarray(ours, "float64"), np.asarray(theirs, "float64")
    if ours.shape != theirs.shape:
        raise ValueError(f"{name}: shapes must be equal; received {ours.shape} and {theirs.shape}.")
    if not np.isfinite(theirs).all() or not np.ptp(theirs):
        raise ValueError(f"{name}: a constant, or NaN, would agree with anything.")
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


def certificates() -> list[Certificate]:
    """List all certificates."""
    from . import architectures, graphs, methods, metrics

    parts = methods, metrics, architectures, graphs
    return [certificate for part in parts for certificate in part.certificates()]
