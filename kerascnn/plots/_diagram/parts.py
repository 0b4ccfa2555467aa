"""The elements of a diagram as plain numbers.

The unit is the em, the font size of the diagram; x points right and y points down.
"""

from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A block or volume: its front face, its depth, and the layers that it represents.

    Attributes:
        name: name of its first layer that changes the shape.
        kind: the Keras class that determines its color.
        x, y, width, height: the front face; (x, y) is its upper left corner.
        depth: depth of a volume, drawn up and to the right; 0 for blocks.
        layers: the names of all layer calls that it represents.
        parameters: total number of parameters of these layers.
        stack: number of maps drawn behind each other; 0 for volumes and blocks.
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
        """Return left, top, right and bottom of the entire box."""
        return (self.x, self.y - self.depth, self.x + self.width + self.depth, self.y + self.height)


@dataclass(frozen=True)
class Label:
    """A text, and the center and size of the space for it."""

    text: str
    x: float
    y: float
    width: float
    height: float
    upright: bool = False
    on: str | None = None  # the kind of layer whose color is its background
    box: str | None = None  # the name of the block that it is on
    on_line: bool = False  # whether it is on a frame and needs its own background


@dataclass(frozen=True)
class Edge:
    """A line from one box to another, through the given points."""

    start: str
    end: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Fold:
    """A frame around boxes that represent several consecutive equal parts of the network.

    Attributes:
        count: number of parts.
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
    """All elements of a diagram, and its size."""

    boxes: list[Box]
    labels: list[Label]
    edges: list[Edge]
    width: float
    height: float
    folds: tuple[Fold, ...] = ()
