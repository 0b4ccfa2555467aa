"""The weights that come with the package: one file of weights and one JSON card for each set."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "shipped"


@dataclass(frozen=True)
class ShippedSet:
    """A set of trained weights in the package.

    Attributes:
        architecture: the builder's name without "build_".
        name: what the builder's `weights` argument takes, for example "mnist".
        path: the weight file.
        card: how the set came to be: sha256, recipe, seed, epochs, accuracy, licence.
    """

    architecture: str
    name: str
    path: Path
    card: dict

    def verify(self) -> None:
        """Compare the file with the hash on its card.

        Raises:
            OSError: the file is missing, unreadable or not the one that was shipped.
        """
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if digest != self.card["sha256"]:
            raise OSError(
                f"the weight file {self.path} must have the sha256 {self.card['sha256'][:12]}…; "
                f"received {digest[:12]}…. The file was changed or damaged: reinstall kerascnn."
            )


@cache
def _cards() -> tuple[ShippedSet, ...]:
    sets = []
    for path in sorted(FOLDER.glob("*.json")):
        architecture, _, name = path.stem.rpartition("_")
        card = json.loads(path.read_text("utf-8"))
        sets.append(ShippedSet(architecture, name, path.with_suffix(".weights.h5"), card))
    return tuple(sets)


def available(architecture: str | None = None) -> list[ShippedSet]:
    """List the sets of weights that come with the package, of one architecture or of all.

    >>> import kerascnn as kc
    >>> [(s.architecture, s.name) for s in kc.weights.available("lenet5")]
    [('lenet5', 'mnist')]
    """
    return [s for s in _cards() if architecture in (None, s.architecture)]
