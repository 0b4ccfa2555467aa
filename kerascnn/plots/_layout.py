"""Where the parts of an architecture diagram stand: plain numbers, nothing is drawn here.

The unit is the em, the size of the diagram's type; x runs to the right and y downwards. Lengths of
volumes grow with the square root of what they stand for: 224 and 7 pixels fit in one picture.
"""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from kerascnn._errors import unknown
from kerascnn._text import shape_text

from ._artists import text_height, text_width
from ._style import layer_style

WIDTH = 66.0  # a slide of 10 inches then has type of 11 points
KINDS = ("volumes", "blocks")

# Groups of layers that change no shape and have no size of their own to show.
SKIPPED = ("activation", "dropout", "reshape")
HEIGHT, THICKNESS = 15.0, 3.6  # of the largest volume
BAR = 0.6  # thickness of a dense layer
SMALLEST = 0.45
OBLIQUE = 0.3  # cabinet projection: what goes away from the viewer is drawn at this length
SCALES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)  # of the volumes, tried in turn until a row holds them
GAP, INNER_GAP = 1.1, 0.3  # between volumes, and between those that share their label
ROW_GAP = 2.0
TURN = 0.8  # how far the line to the next row leaves the row
SLIDE = 0.46  # height to width of what a slide has room for


@dataclass(frozen=True)
class DrawnLayer:
    """A layer that is drawn, with the names of the drawn layers that feed it."""

    name: str
    kind: str
    shape: tuple[int | None, ...]
    kernel: tuple[int, ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class Box:
    """A layer's box: its front face, and how far it goes back (up and to the right)."""

    name: str
    kind: str
    x: float
    y: float
    width: float
    height: float
    depth: float = 0.0

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


@dataclass(frozen=True)
class Edge:
    """A line from one box to another, through these points."""

    start: str
    end: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Layout:
    """All parts of a diagram, and its size."""

    boxes: list[Box]
    labels: list[Label]
    edges: list[Edge]
    width: float
    height: float


def layout(records, *, kind: str | None = None, width: float = WIDTH) -> Layout:
    """Lay out the layers of a network.

    Args:
        records: layer records with `name, kind, output_shape` and, if they have it, `inputs` and
            `kernel`; or an object that holds them as `layers`.
        kind: "volumes" for a chain, "blocks" for any graph; `None` chooses.
        width: room for a row of volumes, in ems.

    Returns:
        The layout; its upper left corner is (0, 0).

    Raises:
        ValueError: no records, an unknown kind, or volumes for a network with branches.

    >>> from types import SimpleNamespace as Record
    >>> chain = [Record(name="in", kind="InputLayer", output_shape=(28, 28, 1)),
    ...          Record(name="c1", kind="Conv2D", output_shape=(24, 24, 6))]
    >>> [box.name for box in layout(chain).boxes]
    ['in', 'c1']
    """
    nodes = drawn_layers(records)
    chain = is_chain(nodes)
    if kind is None:
        kind = "volumes" if chain else "blocks"
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    if kind == "volumes" and not chain:
        raise ValueError("kind must be 'blocks' for a network with branches; received 'volumes'")
    return volumes(nodes, width) if kind == "volumes" else _blocks(nodes)


def drawn_layers(records) -> list[DrawnLayer]:
    """Keep the layers that have a shape of their own, and join the edges over the others."""
    records = list(getattr(records, "layers", records))
    if not records:
        raise ValueError("records must hold at least one layer; received none")
    for record in records:
        if not hasattr(record, "name") or not hasattr(record, "output_shape"):
            raise TypeError(
                "records must be layer records, such as describe(model) gives; received"
                f" {type(record).__name__}"
            )
    feeds: dict[str, tuple[str, ...]] = {}  # name -> the drawn layers that stand for it
    nodes = []
    previous: tuple[str, ...] = ()
    for record in records:
        named = getattr(record, "inputs", None)
        sources = previous if named is None else [s for n in named for s in feeds.get(n, ())]
        sources = tuple(dict.fromkeys(sources))
        if layer_style(record.kind).group in SKIPPED and sources:
            feeds[record.name] = sources
        else:
            kernel = tuple(getattr(record, "kernel", None) or ())
            shape = tuple(record.output_shape)
            nodes.append(DrawnLayer(record.name, record.kind, shape, kernel, sources))
            feeds[record.name] = (record.name,)
        previous = feeds[record.name]
    return nodes


def is_chain(nodes: list[DrawnLayer]) -> bool:
    """Tell whether each layer feeds the next one only."""
    return not nodes[0].inputs and all(
        node.inputs == (before.name,) for before, node in itertools.pairwise(nodes)
    )


def main_way(nodes: list[DrawnLayer]) -> list[DrawnLayer]:
    """Make a chain of any graph: what all ways to the last layer pass, and more of an hourglass.

    Between two layers that all ways pass lies a block. One whose maps get smaller than those at
    both of its ends is followed along its longest way; of others only the end is drawn.
    """
    rank, by_name = ranks(nodes), {node.name: node for node in nodes}
    way = [nodes[-1]]
    while way[-1].inputs:
        way.append(by_name[max(way[-1].inputs, key=rank.__getitem__)])
    way.reverse()
    # A layer is passed by all ways if no edge leads over its rank and no other layer has it.
    needed = _leading_to(nodes[-1], by_name)
    over = {r for n in needed for s in n.inputs for r in range(rank[s] + 1, rank[n.name])}
    alone = Counter(rank[n.name] for n in needed)
    passed = [rank[n.name] not in over and alone[rank[n.name]] == 1 for n in way]
    chain, start = [], 0
    for nth, (node, is_passed) in enumerate(zip(way, passed, strict=True)):
        if is_passed or nth == len(way) - 1:
            block = way[start:nth]
            ends = (way[start - 1], node) if start else (node,)
            smallest = min(_area(n) for n in ends)
            if any(1 < _area(n) < smallest for n in block):
                chain += block
            elif not start:
                chain += block[:1]
            chain.append(node)
            start = nth + 1
    return [
        replace(node, inputs=(before.name,) if before else ())
        for before, node in zip([None, *chain], chain, strict=False)
    ]


def _leading_to(last: DrawnLayer, by_name: dict[str, DrawnLayer]) -> list[DrawnLayer]:
    found, waiting = {}, [last]
    while waiting:
        node = waiting.pop()
        if node.name not in found:
            found[node.name] = node
            waiting += [by_name[name] for name in node.inputs]
    return list(found.values())


def _area(node: DrawnLayer) -> float:
    return math.prod(n or math.inf for n in node.shape[:-1]) if len(node.shape) > 1 else 0


# -- a chain as volumes -----------------------------------------------------------------------


def volumes(nodes: list[DrawnLayer], width: float) -> Layout:
    """Lay out a chain as volumes, in as many rows as it needs."""
    groups = [
        list(group)
        for _key, group in itertools.groupby(
            nodes, key=lambda node: (layer_style(node.kind).group, node.shape, node.kernel)
        )
    ]
    # names lie flat if they fit in one row, else they stand; at last there are several rows
    for upright, scale in itertools.product((False, True), SCALES):
        slots = [_Slot(group, nodes, scale, upright) for group in groups]
        if sum(slot.width + GAP for slot in slots) - GAP <= width:
            rows = [slots]
            break
    else:
        for scale in SCALES:
            rows = _rows([_Slot(group, nodes, scale, upright=False) for group in groups], width)
            if sum(_row_height(row) + ROW_GAP for row in rows) <= SLIDE * width:
                break

    boxes, labels, edges = [], [], []
    turns = []  # the heights between the rows
    y = 0.0
    for row in rows:
        above = max(slot.above for slot in row)
        below = max(slot.below for slot in row)
        x = 0.0
        for slot in row:
            slot.place(x, y + above, boxes, labels)
            x += slot.width + GAP
        y += above + below + ROW_GAP
        turns.append(y - ROW_GAP / 2)
    across = max(sum(slot.width + GAP for slot in row) - GAP for row in rows)
    for before, after in itertools.pairwise(boxes):
        start = (before.bounds[2] + 0.15, before.y + before.height / 2)
        end = (after.x - 0.15, after.y + after.height / 2)
        if end[0] - start[0] > 0.5:
            edges.append(Edge(before.name, after.name, (start, end)))
        elif end[0] < start[0] and before.bounds[3] < after.bounds[1]:  # on to the next row
            between = next(bottom for bottom in turns if bottom > start[1])
            course = ((across + TURN, start[1]), (across + TURN, between), (-TURN, between))
            edges.append(Edge(before.name, after.name, (start, *course, (-TURN, end[1]), end)))
    return Layout(boxes, labels, edges, across, y - ROW_GAP)


def _row_height(row: list["_Slot"]) -> float:
    return max(slot.above for slot in row) + max(slot.below for slot in row)


def _rows(slots: list["_Slot"], width: float) -> list[list["_Slot"]]:
    rows: list[list[_Slot]] = [[]]
    used = 0.0
    for slot in slots:
        if rows[-1] and used + slot.width > width:
            rows.append([])
            used = 0.0
        rows[-1].append(slot)
        used += slot.width + GAP
    return rows


class _Slot:
    """Volumes that share a label, and the room that they and their label take."""

    def __init__(
        self, group: list[DrawnLayer], nodes: list[DrawnLayer], scale: float, upright: bool
    ):
        self.group, self.upright = group, upright
        self.sizes = [_size(node, nodes, scale) for node in group]
        thickness, self.height, self.depth = self.sizes[0]
        # all volumes of a group have one size
        self.span = len(group) * (thickness + INNER_GAP) - INNER_GAP + self.depth
        self.shape = _shape_lines(group[0].shape)
        self.name = _name_text(group, upright)
        name_width, self.name_height = text_width(self.name), text_height(self.name)
        if upright:
            name_width, self.name_height = self.name_height, name_width
        self.name_width = name_width
        self.width = max(self.span, text_width(self.shape), name_width)
        # above and below the line that goes through the middle of all front faces
        self.above = self.height / 2 + self.depth + 0.3 + text_height(self.shape)
        self.below = self.height / 2 + 0.4 + self.name_height

    def place(self, x: float, middle: float, boxes: list[Box], labels: list[Label]) -> None:
        left = x + (self.width - self.span) / 2
        centre = x + self.width / 2
        for node, (thickness, height, depth) in zip(self.group, self.sizes, strict=True):
            top = middle - height / 2
            boxes.append(Box(node.name, node.kind, left, top, thickness, height, depth))
            left += thickness + INNER_GAP
        height = text_height(self.shape)
        y = middle - self.above + height / 2
        labels.append(Label(self.shape, centre, y, self.width, height))
        y = middle + self.below - self.name_height / 2
        labels.append(Label(self.name, centre, y, self.width, self.name_height, self.upright))


def _size(node: DrawnLayer, nodes: list[DrawnLayer], scale: float) -> tuple[float, float, float]:
    """Thickness, height and depth of a layer's volume."""

    def length(full: float, value: int | None, values: Iterable[int | None]) -> float:
        largest = max((v for v in values if v), default=1)
        return max(scale * full * math.sqrt((value or 1) / largest), SMALLEST)

    if len(node.shape) < 2:
        units = [n.shape[-1] for n in nodes if len(n.shape) == 1]
        height = length(HEIGHT * 0.8, node.shape[-1] if node.shape else 1, units)
        return max(BAR * scale, SMALLEST), height, max(BAR * scale, SMALLEST) / 2
    maps = [n.shape for n in nodes if len(n.shape) > 1]
    sides = [size for shape in maps for size in shape[:-1]]
    across = node.shape[1] if len(node.shape) > 2 else 1
    return (
        length(THICKNESS, node.shape[-1], [shape[-1] for shape in maps]),
        length(HEIGHT, node.shape[0], sides),
        OBLIQUE * length(HEIGHT, across, sides),
    )


def _shape_lines(shape: tuple[int | None, ...]) -> str:
    """Write the channels below the sides: volumes are narrow."""
    if len(shape) < 2:
        return shape_text(shape)
    return f"{shape_text(shape[:-1])}\n×{shape_text(shape[-1:])}"


def _name_text(group: list[DrawnLayer], upright: bool) -> str:
    name = span_text([node.name for node in group])
    kernel = shape_text(group[0].kernel)
    if not kernel:
        return name
    return f"{name}, {kernel}" if upright else f"{name}\n{kernel}"


def span_text(names: list[str]) -> str:
    """Name several layers at once.

    >>> span_text(["block1_conv1", "block1_conv2"]), span_text(["a", "b"]), span_text(["fc"])
    ('block1_conv1–2', 'a … b', 'fc')
    """
    if len(names) == 1:
        return names[0]
    first, last = names[0], names[-1]
    stem = first.rstrip("0123456789")
    if stem and last.startswith(stem) and last[len(stem) :].isdigit() and first != stem:
        return f"{first}–{last[len(stem) :]}"
    return f"{first} … {last}"


# -- any graph as blocks ----------------------------------------------------------------------

PAD = 0.5  # inside a block
RANK_GAP, LANE_GAP = 1.8, 0.9
SWEEPS = 6  # of the barycentre ordering; more changes nothing in the nets of this package


def ranks(nodes: list[DrawnLayer]) -> dict[str, int]:
    """Give each layer the length of the longest path to it; records come in computing order."""
    rank: dict[str, int] = {}
    for node in nodes:
        rank[node.name] = max((rank[name] + 1 for name in node.inputs), default=0)
    return rank


def _blocks(nodes: list[DrawnLayer]) -> Layout:
    rank = ranks(nodes)
    texts = {node.name: _block_text(node) for node in nodes}
    # An edge over several ranks passes each of them in a lane of its own, so it crosses no block.
    columns: dict[int, list] = defaultdict(list)
    links: list[tuple] = []
    paths = []
    for node in nodes:
        columns[rank[node.name]].append(node.name)
    for node in nodes:
        for source in node.inputs:
            between = range(rank[source] + 1, rank[node.name])
            path = [source, *((source, node.name, r) for r in between), node.name]
            for r, lane in zip(between, path[1:-1], strict=True):
                columns[r].append(lane)
            links += itertools.pairwise(path)
            paths.append(path)
    _order(columns, links)

    block_height = max(map(text_height, texts.values())) + 2 * PAD
    pitch = block_height + LANE_GAP
    deepest = max(len(column) for column in columns.values())
    boxes, labels = [], []
    ends: dict = {}  # item -> where edges enter and leave it
    x = 0.0
    for r in sorted(columns):
        column = columns[r]
        widths = [text_width(texts[item]) for item in column if item in texts]
        width = max(widths, default=0) + 2 * PAD
        for lane, item in enumerate(column):
            middle = (lane + (deepest - len(column)) / 2) * pitch + block_height / 2
            ends[item] = ((x, middle), (x + width, middle))
            if item in texts:
                node = next(node for node in nodes if node.name == item)
                top = middle - block_height / 2
                boxes.append(Box(item, node.kind, x, top, width, block_height))
                room = (text_width(texts[item]), text_height(texts[item]))
                labels.append(Label(texts[item], x + width / 2, middle, *room, on=node.kind))
        x += width + RANK_GAP
    edges = [
        Edge(path[0], path[-1], tuple(itertools.chain.from_iterable(ends[p] for p in path))[1:-1])
        for path in paths
    ]
    return Layout(boxes, labels, edges, x - RANK_GAP, deepest * pitch - LANE_GAP)


def _block_text(node: DrawnLayer) -> str:
    kernel = shape_text(node.kernel)
    return "\n".join(filter(None, [node.name, kernel, shape_text(node.shape)]))


def _order(columns: dict[int, list], links: list[tuple]) -> None:
    """Sort each column by the middle of its neighbours, forth and back (Sugiyama 1981)."""
    before, after = defaultdict(list), defaultdict(list)
    for source, target in links:
        before[target].append(source)
        after[source].append(target)
    order = sorted(columns)
    for sweep in range(SWEEPS):
        neighbours, course = (before, order) if sweep % 2 == 0 else (after, order[::-1])
        place = {item: _centred(i, columns[r]) for r in order for i, item in enumerate(columns[r])}
        for r in course:
            columns[r].sort(
                key=lambda item: (
                    sum(place[n] for n in neighbours[item]) / len(neighbours[item])
                    if neighbours[item]
                    else place[item]
                )
            )
            place |= {item: _centred(i, columns[r]) for i, item in enumerate(columns[r])}


def _centred(index: int, column: list) -> float:
    return index - (len(column) - 1) / 2
