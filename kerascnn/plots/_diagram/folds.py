"""The contents of a diagram at each level of detail: parts of a network and repetitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby

from kerascnn._text import shape_text
from kerascnn._text import text as _

from .calls import SHORT, Call, Unit, in_depth_first_order, joined, readers, single
from .hourglass import is_hourglass, sides_of
from .names import NAME, beginning, shortened, span_text

LONGEST_PERIOD = 8  # segments in a repeated part
TELLING = 4  # minimum length of a common prefix for a frame
ABREAST = 3  # words per line of a block


@dataclass(frozen=True)
class Block:
    """The contents of a block: a unit, the same unit of each repetition, or an entire part.

    Attributes:
        units: the units that it represents, in order; the first ones are shown.
        inputs: the names of its input blocks.
        whole: whether it represents a part of the network with internal edges.
        times: number of consecutive equal units that it represents.
        without: prefix of its name that is written on the frame around it instead.
    """

    units: tuple[Unit, ...]
    inputs: tuple[str, ...]
    whole: bool = False
    times: int = 1
    without: str = ""

    @property
    def first(self) -> tuple[Unit, ...]:
        """Return the units of the first repetition."""
        return self.units[: len(self.units) // self.times]

    @property
    def name(self) -> str:
        """Return the name of its first unit."""
        return self.units[0].name

    @property
    def calls(self) -> list[Call]:
        """Return all calls that it represents."""
        return [call for unit in self.units for call in unit.calls]

    @property
    def kind(self) -> str:
        """Return the kind that determines its color."""
        if not self.whole:
            return self.units[0].lead.kind
        kinds = [unit.lead.kind for unit in self.units]
        return max(dict.fromkeys(kinds), key=kinds.count)

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Return the output shape of the first repetition."""
        return self.first[-1].shape

    @property
    def text(self) -> str:
        """Return the text on the block."""
        if self.whole:
            count = sum(len(unit.calls) for unit in self.first)
            names = [call.name for unit in self.first for call in unit.calls]
            name = beginning(names)
            return "\n".join(
                [
                    shortened(name) if len(name) > 2 else f"{shortened(self.name, NAME - 2)} …",
                    _("{count} layers", count=count),
                    self._shape_text,
                ]
            )
        lead = self.units[0].lead
        words = [shape_text(lead.kernel)] if lead.kernel else []
        words += [SHORT.get(c.kind, c.kind) for c in self.units[0].calls if c is not lead]
        if not words and lead.group in ("merge", "other"):
            words = [lead.kind]
        name = lead.name.removeprefix(self.without).lstrip("_-/ ") or lead.kind
        lines = [shortened(name), _in_lines(words), self._shape_text]
        return "\n".join(filter(None, lines))

    @property
    def _shape_text(self) -> str:
        last = self.units[-1].shape
        more = f" … {shape_text(last[-1:])}" if last != self.shape else ""
        return shape_text(self.shape) + more


@dataclass(frozen=True)
class Part:
    """A part of the network between two points that all paths go through.

    Attributes:
        blocks: its blocks, in order.
        gate: the name of its input block; `None` for the first part.
        count: number of consecutive equal parts that it represents.
    """

    blocks: tuple[Block, ...]
    gate: str | None
    count: int = 1

    @property
    def beginning(self) -> str:
        """Return the common prefix of the names of its layers, if it is long enough."""
        return self._beginning_of(0) if len(self.blocks) > 1 else ""

    @property
    def title(self) -> str:
        """Return the text on the frame around it; empty for a part without a frame."""
        if self.count == 1:
            return self.beginning
        names = [self._beginning_of(0), self._beginning_of(self.count - 1)]
        name = span_text(names) if all(names) and names[0] != names[1] else ""
        return f"{name} ×{self.count}".strip()

    def _beginning_of(self, repetition: int) -> str:
        names = []
        for block in self.blocks:
            size = len(block.units) // block.times
            units = block.units[repetition * size : (repetition + 1) * size]
            names += [call.name for unit in units for call in unit.calls]
        name = beginning(names)
        return name if len(name) >= TELLING else ""


def _in_lines(words: list[str]) -> str:
    """Put a few words per line, because blocks are narrow."""
    return "\n".join(" · ".join(words[i : i + ABREAST]) for i in range(0, len(words), ABREAST))


LEVELS = ("graph", "joined", "repeats", "models", "parts", "stages")


def parts(calls: list[Call], level: str) -> list[Part]:
    """Return the parts of a network at a level of detail.

    Args:
        calls: the layer calls.
        level: "graph" (each call is a block), "joined" (convolution, normalization and activation
            are one block), "repeats" (consecutive equal parts are drawn once), "models" (each
            nested model is one block), "parts" (everything between two points that all paths go
            through is one block) or "stages" (everything with the same map size is one block).
    """
    units = single(calls) if level == "graph" else joined(calls, fold_models=level == "models")
    order = in_depth_first_order(units)
    alone = [_block(unit, level) for unit in order]
    cut = [[_block(unit, level) for unit in part] for part in _cut(order)]
    if level == "parts" and is_hourglass(alone):  # its skips leave no cut
        sides = [_cut([block.units[0] for block in side]) for side in sides_of(alone)]
        within = [[Block((u,), u.inputs) for u in part] for side in sides for part in side]
        cut = [[_whole(part) for part in within]]
    elif level in ("parts", "stages"):
        cut = [[_whole(part)] for part in cut]
    if level == "stages":
        cut = [[_whole([*chain.from_iterable(same)])] for _size, same in groupby(cut, _size_of)]
    if level in ("graph", "joined"):
        return _parts((part, 1) for part in cut)
    return _parts(_folded(cut))


def _block(unit: Unit, level: str) -> Block:
    return Block((unit,), unit.inputs, whole=level == "models" and bool(unit.calls[0].model))


def _size_of(part: list[Block]) -> tuple:
    return part[-1].units[-1].size, part[0].units[0].calls[0].group == "input"


def _whole(blocks: list[Block]) -> Block:
    if len(blocks) == 1:
        return blocks[0]
    units = tuple(unit for block in blocks for unit in block.units)
    inside = {unit.name for unit in units}
    outside = [name for block in blocks for name in block.inputs if name not in inside]
    return Block(units, tuple(dict.fromkeys(outside)), whole=True)


def _cut(units: list[Unit]) -> list[list[Unit]]:
    """Cut where all paths go through the output of a single unit.

    A part whose output nothing reads, such as an auxiliary head, stays with the next part.
    """
    read_by = readers(units)
    waiting: dict[str, int] = {}  # units that are read later, and by how many others
    cut: list[list[Unit]] = [[]]
    for place, unit in enumerate(units):
        cut[-1].append(unit)
        for name in unit.inputs:
            if name in waiting:  # otherwise, it is outside
                waiting[name] -= 1
                if not waiting[name]:
                    del waiting[name]
        if read_by[unit.name]:
            waiting[unit.name] = len(read_by[unit.name])
        goes_on = len(waiting) == 1 and next(iter(waiting)) in {u.name for u in cut[-1]}
        if goes_on and place < len(units) - 1:
            cut.append([])
    return cut


def _folded(cut: list[list[Block]]) -> Iterator[tuple[list[Block], int]]:
    """Find consecutive equal parts of one or several segments."""
    at = 0
    while at < len(cut):
        best = (1, 1)  # segments per repetition, and number of repetitions
        for period in range(1, min(LONGEST_PERIOD, (len(cut) - at) // 2) + 1):
            one = [_signature(part) for part in cut[at : at + period]]
            times = 1
            while [
                _signature(part) for part in cut[at + times * period : at + (times + 1) * period]
            ] == one:
                times += 1
            if times > 1 and _keeps_size(cut, at, period) and times * period > best[0] * best[1]:
                best = (period, times)
        period, times = best
        repeated = [
            [*chain.from_iterable(cut[at + t * period : at + (t + 1) * period])]
            for t in range(times)
        ]
        if times == 1:
            yield repeated[0], 1
        else:
            yield [_same(blocks) for blocks in zip(*repeated, strict=True)], times
        at += period * times


def _same(blocks: tuple[Block, ...]) -> Block:
    """Return the block that represents the same position in all repetitions."""
    units = tuple(unit for block in blocks for unit in block.units)
    return Block(units, blocks[0].inputs, blocks[0].whole, len(blocks))


def _signature(part: list[Block]) -> list[tuple]:
    """Return what two parts must share to be drawn as one; the channels may differ."""
    place = {block.name: nth for nth, block in enumerate(part)}
    place |= {unit.name: nth for nth, block in enumerate(part) for unit in block.units}
    return [
        (
            tuple((unit.kinds, unit.lead.kernel) for unit in block.units),
            tuple(sorted(place.get(name, -1) for name in block.inputs)),
            block.units[-1].size,
        )
        for block in part
    ]


def _keeps_size(cut: list[list[Block]], at: int, period: int) -> bool:
    """Return whether a part keeps the map size; otherwise it is a stage, not a repetition.

    Inputs are never repetitions.
    """
    first = cut[at : at + period]
    if first[0][0].units[0].calls[0].group == "input":
        return False
    sizes = {part[-1].units[-1].size for part in first}
    return len(sizes) == 1


def _parts(folded: Iterator[tuple[list[Block], int]]) -> list[Part]:
    """Set the gate of each part to the name of the block drawn."""
    found: list[Part] = []
    drawn: dict[str, str] = {}  # unit -> block
    for blocks, count in folded:
        inside = {block.name for block in blocks}
        named = {unit.name: block.name for block in blocks for unit in block.units}
        gate = None
        shown = []
        for block in blocks:
            own = {unit.name for unit in block.units} if block.whole else set()
            inputs = []
            for name in block.inputs:
                if name in own:
                    continue
                inputs.append(named.get(name) if name in named else drawn[name])
                if inputs[-1] not in inside:
                    gate = inputs[-1]
            shown.append(replace(block, inputs=tuple(dict.fromkeys(inputs))))
        drawn |= named
        found.append(Part(tuple(shown), gate, count))
    return found
