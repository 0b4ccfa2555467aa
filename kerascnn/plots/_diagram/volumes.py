"""A chain of layers as volumes or as stacks of maps, in rows.

Lengths are on a square-root scale, so that 224 and 7 pixels fit into one diagram.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

from kerascnn._text import shape_text
from kerascnn.plots._artists import text_height, text_width
from kerascnn.plots._style import group_of

from .calls import Unit, leading_to
from .names import span_text
from .parts import Box, Edge, Label, Layout

HEIGHT, THICKNESS = 15.0, 3.6  # of the largest volume
BAR = 0.6  # thickness of a dense layer
SMALLEST = 0.45
OBLIQUE = 0.3  # cabinet projection: foreshortening of the depth
SCALES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)  # of the volumes, tried in turn until they fit into a row
GAP, INNER_GAP = 1.1, 0.3  # between volumes, and between those that share their label
ROW_GAP = 2.0
TURN = 0.8  # how far the line to the next row extends beyond the row
SLIDE = 0.46  # aspect ratio, height to width, of the space on a slide
STACKED, SHIFT = 6, 0.5  # maximum number of maps drawn, and their distance
STACK_SCALE = 0.55  # maps seen from the front are wider


def is_chain(nodes: list[Unit]) -> bool:
    """Return whether each layer feeds only the next one."""
    return not nodes[0].inputs and all(
        node.inputs == (before.name,) for before, node in itertools.pairwise(nodes)
    )


def main_way(nodes: list[Unit]) -> list[Unit]:
    """Reduce any graph to a chain: the layers that all paths go through, and more in an hourglass.

    Two layers that all paths go through enclose a block. If the maps inside are smaller than those
    at both ends, the longest path is followed; otherwise, only the end is drawn.
    """
    rank, by_name = ranks(nodes), {node.name: node for node in nodes}
    way = [nodes[-1]]
    while way[-1].inputs:
        way.append(by_name[max(way[-1].inputs, key=rank.__getitem__)])
    way.reverse()
    # All paths go through a layer if no edge skips its rank and no other layer has it.
    needed = [by_name[name] for name in leading_to(nodes[-1].name, by_name)]
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


def _area(node: Unit) -> float:
    return math.prod(n or math.inf for n in node.volume[:-1]) if len(node.volume) > 1 else 0


def volumes(nodes: list[Unit], width: float, *, stacks: bool = False) -> Layout:
    """Lay out a chain as volumes or as stacks of maps, in as many rows as needed."""
    groups = [
        list(group)
        for _key, group in itertools.groupby(
            nodes, key=lambda node: (group_of(node.kind), node.volume, node.kernel)
        )
    ]
    largest = _Largest.of(nodes)
    # names are horizontal if one row suffices, else vertical; as a last resort, use several rows
    for upright, scale in itertools.product((False, True), SCALES):
        slots = [_Slot(group, largest, scale, upright, stacks) for group in groups]
        if sum(slot.width + GAP for slot in slots) - GAP <= width:
            rows = [slots]
            break
    else:
        for scale in SCALES:
            rows = _rows([_Slot(group, largest, scale, False, stacks) for group in groups], width)
            if sum(_row_height(row) + ROW_GAP for row in rows) <= SLIDE * width:
                break

    boxes, labels, edges = [], [], []
    turns = []  # y positions between the rows
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
        elif end[0] < start[0] and before.bounds[3] < after.bounds[1]:  # continues on the next row
            between = next(bottom for bottom in turns if bottom > start[1])
            course = ((across + TURN, start[1]), (across + TURN, between), (-TURN, between))
            edges.append(Edge(before.name, after.name, (start, *course, (-TURN, end[1]), end)))
        else:  # they touch, so no line is needed
            edges.append(Edge(before.name, after.name, ()))
    return Layout(boxes, labels, edges, across, y - ROW_GAP)


def _row_height(row: list[_Slot]) -> float:
    return max(slot.above for slot in row) + max(slot.below for slot in row)


def _rows(slots: list[_Slot], width: float) -> list[list[_Slot]]:
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
    """Volumes that share a label, and the space that they and their label need."""

    def __init__(
        self, group: list[Unit], largest: _Largest, scale: float, upright: bool, stacks: bool
    ):
        self.group, self.upright = group, upright
        self.stack = 0
        if stacks:
            thickness, self.height = _square(group[0], largest, scale)
            self.stack = min(group[0].volume[-1] or 1, STACKED) if len(group[0].volume) > 1 else 1
            self.depth = SHIFT * (self.stack - 1)
            self.sizes = [(thickness, self.height, self.depth)] * len(group)
        else:
            self.sizes = [_size(node, largest, scale) for node in group]
            thickness, self.height, self.depth = self.sizes[0]
        # all volumes of a group have the same size
        self.span = len(group) * (thickness + INNER_GAP) - INNER_GAP + self.depth
        self.shape = _shape_lines(group[0].volume)
        self.name = _name_text(group, upright)
        name_width, self.name_height = text_width(self.name), text_height(self.name)
        if upright:
            name_width, self.name_height = self.name_height, name_width
        self.name_width = name_width
        self.width = max(self.span, text_width(self.shape), name_width)
        # above and below the line through the centers of all front faces
        self.above = self.height / 2 + self.depth + 0.3 + text_height(self.shape)
        self.below = self.height / 2 + 0.4 + self.name_height

    def place(self, x: float, middle: float, boxes: list[Box], labels: list[Label]) -> None:
        left = x + (self.width - self.span) / 2
        centre = x + self.width / 2
        for node, (thickness, height, depth) in zip(self.group, self.sizes, strict=True):
            top = middle - height / 2
            boxes.append(
                Box(
                    node.name,
                    node.kind,
                    left,
                    top,
                    thickness,
                    height,
                    depth,
                    tuple(call.name for call in node.calls),
                    sum(call.parameters for call in node.calls),
                    self.stack,
                )
            )
            left += thickness + INNER_GAP
        height = text_height(self.shape)
        y = middle - self.above + height / 2
        labels.append(Label(self.shape, centre, y, self.width, height))
        y = middle + self.below - self.name_height / 2
        labels.append(Label(self.name, centre, y, self.width, self.name_height, self.upright))


class _Largest(NamedTuple):
    """The largest sizes in a chain, to which all others are drawn in proportion."""

    channels: int
    side: int
    units: int

    @classmethod
    def of(cls, nodes: list[Unit]) -> _Largest:
        maps = [node.volume for node in nodes if len(node.volume) > 1]
        return cls(
            max((shape[-1] for shape in maps if shape[-1]), default=1),
            max((size for shape in maps for size in shape[:-1] if size), default=1),
            max((n.volume[-1] for n in nodes if len(n.volume) == 1 and n.volume[-1]), default=1),
        )


def _size(node: Unit, largest: _Largest, scale: float) -> tuple[float, float, float]:
    """Return thickness, height and depth of a layer's volume."""

    def length(full: float, value: int | None, largest: int) -> float:
        return max(scale * full * math.sqrt((value or 1) / largest), SMALLEST)

    if len(node.volume) < 2:
        height = length(HEIGHT * 0.8, node.volume[-1] if node.volume else 1, largest.units)
        return max(BAR * scale, SMALLEST), height, max(BAR * scale, SMALLEST) / 2
    across = node.volume[1] if len(node.volume) > 2 else 1
    return (
        length(THICKNESS, node.volume[-1], largest.channels),
        length(HEIGHT, node.volume[0], largest.side),
        OBLIQUE * length(HEIGHT, across, largest.side),
    )


def _square(node: Unit, largest: _Largest, scale: float) -> tuple[float, float]:
    """Return width and height of a map seen from the front; a vector is a thin bar."""
    _thickness, height, depth = _size(node, largest, scale * STACK_SCALE)
    if len(node.volume) < 2:
        return max(BAR * scale, SMALLEST), height
    return max(depth / OBLIQUE, SMALLEST), height


def _shape_lines(shape: tuple[int | None, ...]) -> str:
    """Write the channels below the sides, because volumes are narrow."""
    if len(shape) < 2:
        return shape_text(shape)
    return f"{shape_text(shape[:-1])}\n×{shape_text(shape[-1:])}"


def _name_text(group: list[Unit], upright: bool) -> str:
    name = span_text([node.name for node in group])
    kernel = shape_text(group[0].kernel)
    if not kernel:
        return name
    return f"{name}, {kernel}" if upright else f"{name}\n{kernel}"


def ranks(nodes: list[Unit]) -> dict[str, int]:
    """Return the length of the longest path to each layer; records are in order of computation."""
    rank: dict[str, int] = {}
    for node in nodes:
        rank[node.name] = max((rank[name] + 1 for name in node.inputs), default=0)
    return rank
