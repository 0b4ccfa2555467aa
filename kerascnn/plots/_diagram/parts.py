"""The parts of a diagram: plain numbers.

The unit is the em, the size of the diagram's type; x runs to the right and y downwards.
"""

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A block or volume: its front face, how far it goes back, and the layers it stands for.

    Attributes:
        name: of its first layer with a shape of its own.
        kind: the Keras class that gives it its colour.
        x, y, width, height: the front face; (x, y) is its upper left corner.
        depth: of a volume, drawn up and to the right; 0 for blocks.
        layers: the names of all layer calls that it stands for.
        parameters: of these layers, together.
        stack: how many maps are drawn one behind the other; 0 for volumes and blocks.
    """

    name: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    depth: float = 0.0
    layers: tuple[str, ...] = ()
    parameters: int = 0
    stack: int = 0

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the whole box."""
        return (self.x, self.y - self.depth, self.x + self.width + self.depth, self.y + self.height)


@dataclass(frozen=True)
class Label:
    """A text, the middle of the room that it has, and the size of that room."""

    text: str
    x: float
    y: float
    width: float
    height: float
    upright: bool = False
    on: str | None = None  # the kind of layer on whose colour it stands
    box: str | None = None  # the name of the block on which it stands
    on_line: bool = False  # whether it stands on a frame, and needs a ground of its own


@dataclass(frozen=True)
class Edge:
    """A line from one box to another, through these points."""

    start: str
    end: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Fold:
    """A frame around boxes that stand for several equal parts of the network in a row.

    Attributes:
        count: how many parts.
        boxes: the names of the boxes in the frame, which show the first part.
    """

    count: int
    boxes: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """All parts of a diagram, and its size."""

    boxes: list[Box]
    labels: list[Label]
    edges: list[Edge]
    width: float
    height: float
    folds: tuple[Fold, ...] = ()
