"""The weights shipped with the package: a weights file and a JSON card for each set."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ._weight_set import WeightSet

FOLDER = Path(__file__).parent / "shipped"


@dataclass(frozen=True, kw_only=True)
class ShippedSet(WeightSet):
    """A set of pretrained weights in the package.

    Attributes:
        path: the weights file.
        card: how the weights were trained: sha256, build (the builder's arguments), preprocessing,
            recipe, seed, epochs, accuracy or scores, licence.

    >>> import kerascnn as kc
    >>> shipped = kc.weights.available("lenet5")[0]
    >>> shipped.card["accuracy"]["mnist_test"], shipped.card["epochs"]
    (0.9944, 60)
    """

    path: Path
    card: dict

    def fetch(self, parameters: int) -> Path:
        """Verify the hash of the file and return its path.

        Raises:
            OSError: If the file is missing or cannot be read, or has the wrong hash.
        """
        try:
            digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError as error:
            raise OSError(
                f"the weights file {self.path} must be readable; received: {error.strerror}. "
                "Reinstall kerascnn."
            ) from error
        if digest != self.card["sha256"]:
            raise OSError(
                f"the weights file {self.path} must have the SHA-256 {self.card['sha256'][:12]}…; "
                f"received {digest[:12]}…. The file was changed or damaged: reinstall kerascnn."
            )
        return self.path


def scores_of(card: dict) -> dict[str, dict[str, float]]:
    """Return the scores on a card, from 0 to 1, by test images and measure.

    >>> scores_of({"accuracy": {"mnist_test": 0.99}})
    {'mnist_test': {'accuracy': 0.99}}
    """
    of_classes = {part: {"accuracy": value} for part, value in card.get("accuracy", {}).items()}
    return of_classes | card.get("scores", {})


@cache
def shipped() -> tuple[ShippedSet, ...]:
    """Return all sets in the package, from their cards; those of other variants come last."""
    cards = sorted(FOLDER.glob("*.json"), key=lambda path: ("-" in path.stem, path.name))
    return tuple(_read(path) for path in cards)


def _read(path: Path) -> ShippedSet:
    network, _, name = path.stem.partition("_")
    architecture = network.partition("-")[0]  # "lenet5-1998" includes the variant
    card = json.loads(path.read_text("utf-8"))
    weights = path.with_suffix(".weights.h5")
    tested_on, scores = next(iter(scores_of(card).items()))
    measure, score = next(iter(scores.items()))
    return ShippedSet(
        architecture=architecture,
        variant=card["build"].get("variant"),
        name=name,
        source="kerascnn",
        size=weights.stat().st_size / 2**20 if weights.is_file() else 0.0,
        score=score,
        measure=measure,
        tested_on=tested_on.replace("_", " "),
        licence=card["licence"].partition(",")[0],
        classes=len(card["class_names"]),
        class_names=tuple(card["class_names"]),
        preprocessing=card["preprocessing"],
        parameters={card["parameters"]: "the whole model", card["without_top"]: "without the top"},
        build=card["build"],
        path=weights,
        card=card,
    )
