"""An hourglass as a U: one row per map size, down on the left and up on the right."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerascnn.plots._artists import text_height, text_width

from .calls import leading_to
from .parts import Edge, Layout

if TYPE_CHECKING:
    from .blocks import Placed
    from .folds import Block, Part

FEWEST = 7  # minimum number of blocks in an hourglass
BETWEEN = 3.0  # distance between the two sides of the U
INDENT = 1.2  # of each row relative to the one above
GAP, ROW_GAP = 1.1, 3.0
LANE = 0.45  # distance between parallel lines


def is_hourglass(blocks: Sequence[Block]) -> bool:
    """Return whether the maps of a part get smaller and then larger again."""
    sizes = [size for block in blocks if (size := _size(block)) is not None]
    if len(blocks) < FEWEST or len(sizes) < len(blocks):
        return False
    smallest = min(sizes)
    down, up = sizes[: sizes.index(smallest)], sizes[sizes.index(smallest) :]
    return bool(down) and smallest < max(down) / 2 and max(up) > 2 * smallest


def _size(block: Block) -> float | None:
    """Return the height of the maps in pixels or, if unspecified, as a fraction of the input's."""
    unit = block.units[-1]
    if len(unit.shape) < 2:
        return None
    if None not in unit.shape[:-1]:
        return unit.shape[0]
    stride: Any = unit.calls[-1].stride
    stride = stride[0] if isinstance(stride, tuple) else stride
    return None if stride is None else float(1 / stride)


def rows_of(blocks: Sequence[Block]) -> dict[int, tuple[list[Block], list[Block]]]:
    """Return the rows of the U, largest maps first: the blocks on its left and right sides."""
    by_name = {block.name: block for block in blocks}
    sizes = {name: _size(block) or 0.0 for name, block in by_name.items()}
    smallest = min(sizes.values())
    bottom = next(name for name, size in sizes.items() if size == smallest)
    before = leading_to(bottom, by_name)
    levels = _levels(sorted(set(sizes.values()), reverse=True))
    rows: dict[int, tuple[list, list]] = defaultdict(lambda: ([], []))
    for name, block in by_name.items():
        left = name in before or levels[sizes[name]] == levels[smallest]
        rows[levels[sizes[name]]][0 if left else 1].append(block)
    return rows


def sides_of(blocks: Sequence[Block]) -> list[list[Block]]:
    """Return the blocks on each side of each row, in the order of computation."""
    rows = rows_of(blocks)
    down = [rows[level][0] for level in sorted(rows)]
    up = [rows[level][1] for level in sorted(rows, reverse=True)]
    return [side for side in down + up if side]


def hourglass(part: Part, goes_on: str | None) -> Placed:
    """Lay out a part as a U."""
    from .blocks import PAD, Placed, on_block

    by_name = {block.name: block for block in part.blocks}
    rows = rows_of(part.blocks)

    def wide(block):
        return text_width(block.text) + 2 * PAD

    def room(blocks):
        return sum(wide(block) + GAP for block in blocks) - GAP if blocks else 0.0

    across = max(
        room(left) + room(right) + (BETWEEN if left and right else 0) + 2 * INDENT * level
        for level, (left, right) in rows.items()
    )
    height = max(text_height(block.text) for block in part.blocks) + 2 * PAD
    boxes, labels = {}, []
    row_of, place = {}, {}
    for nth, level in enumerate(sorted(rows)):
        middle = nth * (height + ROW_GAP) + ROW_GAP + height / 2
        left, right = rows[level]
        x = INDENT * level
        starts = [(left, x), (right, across - INDENT * level - room(right))]
        if not right:
            starts = [(left, (across - room(left)) / 2)]
        for blocks, start in starts:
            x = start
            for block in blocks:
                box, label = on_block(block, x, middle, wide(block), height)
                boxes[block.name] = box
                labels.append(label)
                row_of[block.name], place[block.name] = nth, len(place)
                x += wide(block) + GAP
    neighbours = {}
    for left, right in rows.values():
        for side in (left, right):
            neighbours |= {b.name: a.name for a, b in itertools.pairwise(side)}
    edges, lanes = [], defaultdict(int)
    for block in part.blocks:
        for source in block.inputs:
            if source in boxes:
                edges.append(
                    _edge(boxes, row_of, neighbours, lanes, source, block.name, height, across)
                )
    tall = len(rows) * (height + ROW_GAP)
    axis = ROW_GAP + height / 2
    ways, out = [], ()
    for block in part.blocks:
        if any(name not in by_name for name in block.inputs):
            box = boxes[block.name]
            ways.append((block.name, ((box.x, box.y + height / 2),)))
    if goes_on in boxes:
        box = boxes[goes_on]
        out = ((box.x + box.width, box.y + height / 2), (across, axis))
        out = out[:1] if out[0] == out[1] else out
    return Placed(
        Layout(list(boxes.values()), labels, edges, across, tall), axis, tuple(ways), out, goes_on
    )


def _levels(sizes: list[float]) -> dict[float, int]:
    """Return the row of each size; sizes that differ by less than a third share one."""
    levels: dict[float, int] = {}
    level, top = 0, sizes[0]
    for size in sizes:
        if size < top * 2 / 3:
            level, top = level + 1, size
        levels[size] = level
    return levels


def _edge(boxes, row_of, neighbours, lanes, source, target, height, across) -> Edge:
    start, end = boxes[source], boxes[target]
    here, there = row_of[source], row_of[target]
    if here == there and neighbours.get(target) == source:
        y = start.y + height / 2
        return Edge(source, target, ((start.x + start.width, y), (end.x, y)))
    if here == there:  # above the blocks in between
        lanes[here] += 1
        y = start.y - LANE * (1 + lanes[here] % 5)
        from_x, to_x = start.x + start.width * 0.7, end.x + end.width * 0.3
        return Edge(source, target, ((from_x, start.y), (from_x, y), (to_x, y), (to_x, end.y)))
    from_x, to_x = start.x + start.width / 2, end.x + end.width / 2
    if abs(here - there) > 1:  # beside the rows in between
        lanes[None] += 1
        beside = across + LANE * lanes[None] if there < here else -LANE * lanes[None]
        above, below = start.y - ROW_GAP * 0.25, end.y + height + ROW_GAP * 0.3
        if here < there:
            above, below = start.y + height + ROW_GAP * 0.3, end.y - ROW_GAP * 0.25
        leaves, enters = (start.y, end.y + height) if there < here else (start.y + height, end.y)
        way = ((from_x, leaves), (from_x, above), (beside, above), (beside, below), (to_x, below))
        return Edge(source, target, (*way, (to_x, enters)))
    if here < there:
        between = start.y + height + ROW_GAP * 0.3
        return Edge(
            source,
            target,
            ((from_x, start.y + height), (from_x, between), (to_x, between), (to_x, end.y)),
        )
    between = end.y + height + ROW_GAP * 0.3
    return Edge(
        source,
        target,
        ((from_x, start.y), (from_x, between), (to_x, between), (to_x, end.y + height)),
    )
