"""Proof that a diagram shows every layer and edge of a network once, and all parameters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .calls import Call
from .parts import Layout


@dataclass(frozen=True)
class Certificate:
    """The contents of a network, and how a diagram shows them.

    Attributes:
        layers: number of layer calls in the network; each belongs to one block.
        edges: number of edges in the network; each is drawn, or is inside a block or fold.
        drawn: number of edges that are drawn.
        folded: number of edges inside blocks and folds.
        parameters: number of parameters of all blocks, equal to the network's.
    """

    layers: int
    edges: int
    drawn: int
    folded: int
    parameters: int


def certify(layout: Layout, calls: list[Call]) -> Certificate:
    """Check a layout against the calls of a network.

    Raises:
        ValueError: If a layer or edge is missing, shown twice or not in the network, or the
            parameters do not add up.
    """
    shown = Counter(name for box in layout.boxes for name in box.layers)
    expected = {call.name for call in calls}
    _must(not expected - set(shown), "shows all layers", expected - set(shown))
    _must(not set(shown) - expected, "shows only the network's layers", set(shown) - expected)
    twice = {name for name, count in shown.items() if count > 1}
    _must(not twice, "shows each layer once", twice)

    box_of = {name: box.name for box in layout.boxes for name in box.layers}
    place = {name: nth for box in layout.boxes for nth, name in enumerate(box.layers)}
    fold_of = {box: fold for fold in layout.folds for box in fold.boxes}
    size = {box.name: len(box.layers) for box in layout.boxes}

    def repetition(name: str) -> int:
        fold = fold_of.get(box_of[name])
        return place[name] * fold.count // size[box_of[name]] if fold else 0

    drawn = Counter((edge.start, edge.end) for edge in layout.edges)
    _must(max(drawn.values(), default=1) == 1, "draws each edge once", drawn)
    needed, folded = set(), 0
    inner: dict[tuple, set] = {}  # the edges inside each repetition of a fold
    for call in calls:
        for source in call.inputs:
            start, end = box_of[source], box_of[call.name]
            fold = fold_of.get(start)
            within = start == end
            if fold is not None and fold is fold_of.get(end):
                r = repetition(source)
                if r == repetition(call.name) and not within:
                    inner.setdefault((fold.boxes, r), set()).add((start, end))
                within |= r > 0 or repetition(call.name) > 0
            if within:
                folded += 1
            else:
                needed.add((start, end))
    _must(needed <= set(drawn), "draws all edges", needed - set(drawn))
    _must(set(drawn) <= needed, "draws only the network's edges", set(drawn) - needed)
    for (boxes, r), found in inner.items():  # a fold shows its first part; the others must be equal
        _must(found == inner.get((boxes, 0)), "folds equal parts", (boxes, r))
    parameters = sum(box.parameters for box in layout.boxes)
    total = sum(call.parameters for call in calls)
    _must(parameters == total, f"has {total} parameters", parameters)
    edges = sum(len(call.inputs) for call in calls)
    return Certificate(len(calls), edges, len(drawn), folded, parameters)


def _must(holds: bool, what: str, received: object) -> None:
    if not holds:
        raise ValueError(f"a diagram must be one that {what}; received {received}.")
