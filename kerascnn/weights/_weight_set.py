"""What a set of trained weights tells of itself, wherever its file is."""

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = ("Architecture", "Variant", "Set", "Source", "MiB", "Accuracy", "Licence")
CAPTION = "ImageNet: top-1, one centre crop. Weights trained on it may fall under its terms too."


@dataclass(frozen=True, kw_only=True)
class WeightSet(ABC):
    """A set of trained weights that a builder loads by name.

    Attributes:
        architecture: the builder's name without "build_".
        variant: the variant that the weights are for; `None`: the only or the default one.
        name: what the builder's `weights` argument takes, for example "imagenet".
        source: who made the file: "kerascnn", "Keras" or "torchvision".
        size: of the file with the whole network, in MiB.
        accuracy: share of images that are classified correctly.
        tested_on: the images that `accuracy` was measured on.
        licence: under which the weights are given.
        classes: number of classes.
        preprocessing: name of the input that the weights expect: see `preprocessing`.
        parameters: number of weights of the nets that the set fits, and what each of them is.
        build: the builder's arguments that make such a net, where the defaults do not.
        class_names: of class 0, 1, …; empty where they are not known.
    """

    architecture: str
    variant: str | None = None
    name: str
    source: str
    size: float
    accuracy: float
    tested_on: str
    licence: str
    classes: int
    preprocessing: str
    parameters: Mapping[int, str]
    build: Mapping[str, object] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()

    @abstractmethod
    def fetch(self, parameters: int) -> Path:
        """Give the path of the whole and unchanged file for a net of so many parameters."""

    def of_variant(self, variant: str | None) -> bool:
        """Whether the set is for this variant; `None` stands for any."""
        return None in (variant, self.variant) or variant == self.variant


class WeightSets(list[WeightSet]):
    """Sets of weights, printed as a table."""

    def __str__(self) -> str:
        from rich.console import Console

        table = self.__rich__()
        console = Console(file=io.StringIO(), width=10_000, color_system=None)
        console.width = max(console.measure(table).maximum, 1)
        console.print(table)
        return "\n".join(line.rstrip() for line in console.file.getvalue().splitlines())

    __repr__ = __str__  # a table at the prompt too

    def __rich__(self) -> "Table":
        from rich.table import Table

        table = Table(caption=CAPTION, caption_justify="left")
        for heading in HEADINGS:
            table.add_column(heading, justify="right" if heading == "MiB" else "left")
        for s in self:
            accuracy = f"{s.accuracy:.1%} {s.tested_on}"
            size = f"{s.size:.1f}"
            row = (s.architecture, s.variant or "", s.name, s.source, size, accuracy, s.licence)
            table.add_row(*row)
        return table
