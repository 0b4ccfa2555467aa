"""The description of a set of pretrained weights."""

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = ("Architecture", "Variant", "Set", "Source", "MiB", "Score", "License")
CAPTION = (
    "Scores are accuracies unless named. ImageNet: top-1, one center crop. Its terms may also "
    "apply to weights trained on it."
)


@dataclass(frozen=True, kw_only=True)
class WeightSet(ABC):
    """A set of pretrained weights that a builder loads by name.

    Attributes:
        architecture: the name of the builder without `build_`.
        variant: the variant of the architecture; `None` for the default.
        name: the value of the builder's `weights` argument, for example "imagenet".
        source: the source of the file: "kerascnn", "Keras" or "torchvision".
        size: size of the file with the whole model, in MiB.
        score: score of a model with these weights, from 0 to 1.
        measure: what the score is: "accuracy", the fraction of the images that are classified
            correctly, "Dice" or "mAP".
        tested_on: the images on which the score was measured.
        licence: licence of the weights.
        classes: number of classes.
        preprocessing: name of the preprocessing that the weights expect; see `preprocessing`.
        parameters: number of weights of each model that the set fits, with its description.
        build: the builder's arguments for such a model, where they differ from the defaults.
        class_names: name of each class, by class index; empty if unknown.

    >>> import kerascnn as kc
    >>> found = kc.weights.available("vgg16")[0]
    >>> found.name, found.source, found.class_names[3]
    ('cifar10', 'kerascnn', 'cat')
    """

    architecture: str
    variant: str | None = None
    name: str
    source: str
    size: float
    score: float
    tested_on: str
    licence: str
    classes: int
    preprocessing: str
    parameters: Mapping[int, str]
    build: Mapping[str, object] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    measure: str = "accuracy"

    @abstractmethod
    def fetch(self, parameters: int) -> Path:
        """Return the path to the verified file for a model with this number of parameters."""

    def of_variant(self, variant: str | None) -> bool:
        """Return whether the set is for this variant; `None` matches any variant."""
        return None in (variant, self.variant) or variant == self.variant


class WeightSets(list[WeightSet]):
    """A list of sets of weights, which prints as a table.

    >>> import kerascnn as kc
    >>> sets = kc.weights.available("resnet152")
    >>> len(sets), sets[1].source
    (2, 'torchvision')
    """

    def __str__(self) -> str:
        from rich.console import Console

        table = self.__rich__()
        text = io.StringIO()
        console = Console(file=text, width=10_000, color_system=None)
        console.width = max(console.measure(table).maximum, 1)
        console.print(table)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines())

    __repr__ = __str__  # so that the interpreter shows a table, too

    def __rich__(self) -> "Table":
        from rich.table import Table

        table = Table(caption=CAPTION, caption_justify="left")
        for heading in HEADINGS:
            table.add_column(heading, justify="right" if heading == "MiB" else "left")
        for s in self:
            measure = "" if s.measure == "accuracy" else f"{s.measure} "
            score = f"{measure}{s.score:.1%} {s.tested_on}"
            size = f"{s.size:.1f}"
            row = (s.architecture, s.variant or "", s.name, s.source, size, score, s.licence)
            table.add_row(*row)
        return table
