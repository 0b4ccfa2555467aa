"""The choice of a diagram's kind and detail: what is legible on a slide."""

from __future__ import annotations

from collections.abc import Iterable

from kerascnn._checks import check_choice

from .blocks import blocks
from .calls import Call, joined, read
from .folds import LEVELS, parts
from .parts import Layout
from .volumes import is_chain, volumes

KINDS = ("volumes", "lenet", "blocks", "graph")
DETAILS = LEVELS[1:]
WIDTH = 66.0  # of a row of volumes, for type of 11 points on a slide of 10 inches
# A slide of 13.3 by 7.5 inches with type of 9 points, less its margins, title and legend.
SLIDE = (103.0, 50.0)
WIDTHS = tuple(range(46, 104, 3))  # of rows of blocks, tried in turn
CHAINED = ("activation", "dropout", "reshape")  # without a volume of their own


def chosen(
    model: object | Iterable, *, kind: str | None = None, detail: str | None = None
) -> tuple[list[Call], Layout]:
    """Read a network and lay it out.

    Raises:
        TypeError: If `model` is neither a model nor layer records.
        ValueError: See `kc.plots.architecture`.
    """
    calls = read(model)
    if kind is not None:
        check_choice("kind", kind, KINDS)
    if detail is not None:
        check_choice("detail", detail, DETAILS)
        if kind not in (None, "blocks"):
            raise ValueError(f"detail must be None unless kind is 'blocks'; received {detail!r}")
        kind = "blocks"
    chain = joined(calls, CHAINED)
    if kind in ("volumes", "lenet") and not is_chain(chain):
        raise ValueError(
            f"kind must be 'blocks' or 'graph' for a network with branches; received {kind!r}"
        )
    if kind in ("volumes", "lenet") or (kind is None and is_chain(chain)):
        plan = volumes(chain, WIDTH, stacks=kind == "lenet")
        if kind is not None or fits(plan, (WIDTH, WIDTH * SLIDE[1] / SLIDE[0])):
            return calls, plan
    if kind == "graph":
        return calls, widest(calls, "graph")
    if detail is not None:
        return calls, widest(calls, detail)
    nested = any(call.model for call in calls)
    for level in (one for one in DETAILS if nested or one != "models"):
        plan = widest(calls, level)
        if fits(plan):
            return calls, plan
    return calls, plan


def widest(calls: list[Call], level: str) -> Layout:
    """Lay out blocks in rows of the width that leaves the largest type on a slide."""
    return blocks(
        parts(calls, level), WIDTHS, lambda p: max(p.width / SLIDE[0], p.height / SLIDE[1])
    )


def fits(plan: Layout, room: tuple[float, float] = SLIDE) -> bool:
    """Return whether a layout is legible on a slide."""
    return plan.width <= room[0] + 1e-6 and plan.height <= room[1] + 1e-6
