"""Any network as blocks: parts from left to right, in as many rows as fit on a slide."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from kerascnn.plots._artists import text_height, text_width

from .folds import Block, Part
from .hourglass import hourglass, is_hourglass
from .parts import Box, Edge, Fold, Label, Layout, Point

PAD = 0.35  # inside a block
RANK_GAP, LANE_GAP = 1.5, 0.4
LANE = 0.2  # of an edge that passes beside blocks
PART_GAP, ROW_GAP = 1.5, 1.7
FRAME = 0.45  # between a fold's frame and its blocks
TURN = 0.9  # how far the line to the next row extends beyond the row
SWEEPS = 6  # of the barycenter ordering; more change nothing for the networks of this package
GATE, EXIT = "→", "⇥"  # names that no layer has


@dataclass(frozen=True)
class Placed:
    """A part with its blocks laid out: its axis, and the lines from its gate and to the next
    part."""

    layout: Layout
    axis: float
    leads_in: tuple[tuple[str, tuple[Point, ...]], ...]  # block, and the line to it from the gate
    leads_out: tuple[Point, ...]  # the line from the last block to the right side
    goes_on: str | None


def blocks(network: list[Part], widths: Iterable[float], fit: Callable[[Layout], float]) -> Layout:
    """Lay out the parts of a network in rows of the width that fits best.

    Args:
        network: its parts, in order.
        widths: row widths to try; a part that is wider gets its own row.
        fit: returns the factor by which a layout must be reduced.
    """
    if any(is_hourglass(part.blocks) for part in network):  # the entire network is the U
        network = [Part(tuple(block for part in network for block in part.blocks), None)]
    gates = [part.gate for part in network]
    placed = [
        _placed(part, goes_on) for part, goes_on in zip(network, [*gates[1:], None], strict=True)
    ]
    return min((_in_rows(placed, gates, width) for width in widths), key=fit)


def _in_rows(placed: list[Placed], gates: list[str | None], width: float) -> Layout:
    rows: list[list[int]] = [[]]
    used = 0.0
    for nth, one in enumerate(placed):
        if rows[-1] and used + one.layout.width > width:
            rows.append([])
            used = 0.0
        rows[-1].append(nth)
        used += one.layout.width + PART_GAP
    boxes, labels, edges, folds = [], [], [], []
    across = max(sum(placed[n].layout.width + PART_GAP for n in row) - PART_GAP for row in rows)
    came: tuple[Point, ...] = ()  # the line from the previous part
    y = 0.0
    for row in rows:
        above = max(placed[n].axis for n in row)
        below = max(placed[n].layout.height - placed[n].axis for n in row)
        axis, x = y + above, 0.0
        if came:  # around the end of the previous row
            between = y - ROW_GAP / 2
            came = (*came, (across + TURN, came[-1][1]), (across + TURN, between),
                    (-TURN, between), (-TURN, axis))  # fmt: skip
        for n in row:
            one = placed[n]
            left, top = x, axis - one.axis

            def there(points, left=left, top=top):
                return tuple((px + left, py + top) for px, py in points)

            boxes += [replace(b, x=b.x + left, y=b.y + top) for b in one.layout.boxes]
            labels += [replace(b, x=b.x + left, y=b.y + top) for b in one.layout.labels]
            folds += [replace(f, x=f.x + left, y=f.y + top) for f in one.layout.folds]
            edges += [replace(e, points=there(e.points)) for e in one.layout.edges]
            for target, way in one.leads_in:
                edges.append(Edge(str(gates[n]), target, (*came, *there(way))))
            came = there(one.leads_out)
            x += one.layout.width + PART_GAP
        y = axis + below + ROW_GAP
    return Layout(boxes, labels, edges, across, y - ROW_GAP, tuple(folds))


def _placed(part: Part, goes_on: str | None) -> Placed:
    if is_hourglass(part.blocks):
        return hourglass(part, goes_on)
    if not part.title:
        return layered(part, goes_on)
    named = tuple(replace(block, without=part.beginning) for block in part.blocks)
    return framed(layered(replace(part, blocks=named), goes_on), part)


def framed(placed: Placed, part: Part) -> Placed:
    """Put a frame around a part, with its name and the number of equal parts that it represents."""
    inner = placed.layout
    head = text_height(part.title)
    dx, dy = FRAME, FRAME + head / 4

    def there(points):
        return tuple((x + dx, y + dy) for x, y in points)

    width, height = inner.width + 2 * FRAME, inner.height + dy + FRAME
    title = part.title if text_width(part.title) < width - 2 * FRAME else f"×{part.count}"
    room = text_width(title)
    layout = Layout(
        [replace(b, x=b.x + dx, y=b.y + dy) for b in inner.boxes],
        [
            *(replace(b, x=b.x + dx, y=b.y + dy) for b in inner.labels),
            Label(title, width - FRAME - room / 2, 0.0, room, head, on_line=True),
        ],
        [replace(e, points=there(e.points)) for e in inner.edges],
        width,
        height,
        (Fold(part.count, tuple(b.name for b in part.blocks), 0.0, 0.0, width, height),),
    )
    axis = placed.axis + dy
    ways = tuple((name, ((0.0, axis), *there(way))) for name, way in placed.leads_in)
    out = (*there(placed.leads_out), (width, axis)) if placed.leads_out else ()
    return Placed(layout, axis, ways, out, placed.goes_on)


def layered(part: Part, goes_on: str | None) -> Placed:
    """Lay out a part in columns: a block is to the right of all its inputs (Sugiyama et al. 1981).

    An edge across several columns has its own lane in each of them, so it crosses no block.
    """
    by_name = {block.name: block for block in part.blocks}
    rank = {GATE: 0}
    feeds = {}
    for block in part.blocks:
        feeds[block.name] = [name if name in by_name else GATE for name in block.inputs]
        rank[block.name] = max((rank[name] + 1 for name in feeds[block.name]), default=1)
    if goes_on in by_name:
        feeds[EXIT] = [goes_on]
        rank[EXIT] = max(rank.values()) + 1
    columns: dict[int, list] = defaultdict(list)
    for name, r in rank.items():
        columns[r].append(name)
    links, paths = [], []
    for name, sources in feeds.items():
        for source in dict.fromkeys(sources):
            between = range(rank[source] + 1, rank[name])
            path = [source, *((source, name, r) for r in between), name]
            for r, lane in zip(between, path[1:-1], strict=True):
                columns[r].append(lane)
            links += itertools.pairwise(path)
            paths.append(path)
    ordered(columns, links)

    texts = {name: block.text for name, block in by_name.items()}
    height = max(map(text_height, texts.values())) + 2 * PAD
    middles = {
        r: _middles([height if item in texts else LANE for item in column])
        for r, column in columns.items()
    }
    reach = [abs(y) + (height if i in texts else LANE) / 2
             for r, column in columns.items()
             for i, y in zip(column, middles[r], strict=True)]  # fmt: skip
    axis = max(reach)
    boxes, labels = [], []
    ends: dict = {}  # item -> where edges enter and leave it
    x = 0.0
    for r in sorted(columns):
        column = columns[r]
        shown = [texts[item] for item in column if item in texts]
        width = max(map(text_width, shown), default=0) + 2 * PAD if shown else 0.0
        for item, off in zip(column, middles[r], strict=True):
            ends[item] = ((x, axis + off), (x + width, axis + off))
            if item in texts:
                box, label = on_block(by_name[item], x, axis + off, width, height)
                boxes.append(box)
                labels.append(label)
        x += width + (RANK_GAP if width else 0.0)
    whole = max(x - RANK_GAP, 0.0)
    tall = 2 * axis
    edges, ways, out = [], [], ()
    for path in paths:
        points = tuple(itertools.chain.from_iterable(ends[item] for item in path))[1:-1]
        if path[0] == GATE:
            ways.append((path[-1], points[1:]))
        elif path[-1] == EXIT:
            out = (*points[:-1], (whole, axis)) if len(path) > 2 else points[:1]
        else:
            edges.append(Edge(path[0], path[-1], points))
    return Placed(Layout(boxes, labels, edges, whole, tall), axis, tuple(ways), out, goes_on)


def _middles(heights: list[float]) -> list[float]:
    """Return the positions of a column's items relative to the axis; a single block is on it."""
    tops = list(itertools.accumulate((h + LANE_GAP for h in heights), initial=0.0))
    middles = [top + h / 2 for top, h in zip(tops, heights, strict=False)]
    tall = [m for m, h in zip(middles, heights, strict=True) if h > LANE] or middles
    return [m - (tall[0] + tall[-1]) / 2 for m in middles]


def on_block(
    block: Block, x: float, middle: float, width: float, height: float
) -> tuple[Box, Label]:
    """Return the box of a block and its text."""
    calls = block.calls
    box = Box(
        block.name,
        block.kind,
        x,
        middle - height / 2,
        width,
        height,
        layers=tuple(call.name for call in calls),
        parameters=sum(call.parameters for call in calls),
    )
    room = (text_width(block.text), text_height(block.text))
    return box, Label(block.text, x + width / 2, middle, *room, on=block.kind, box=block.name)


def ordered(columns: dict[int, list], links: list[tuple]) -> None:
    """Sort each column by its neighbors' mean position, back and forth (Sugiyama et al. 1981)."""
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
