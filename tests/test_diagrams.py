"""The diagram of every architecture: each layer once, each connection drawn, no box on another."""

from itertools import combinations

import keras
import pytest

import kerascnn as kc
from kerascnn.plots._layout import layout

CASES = [
    pytest.param(architecture, case, id=f"{name}-{case.variant}" if case.variant else name)
    for name, architecture in kc.models.architectures().items()
    for case in architecture.cases
]


def connections(records, drawn):
    """Which drawn layer feeds which, over the layers that are not drawn."""
    feeds = {}
    for r in records:
        before = {source for name in r.inputs for source in feeds[name]}
        if r.name in drawn:
            yield from ((source, r.name) for source in before)
            feeds[r.name] = {r.name}
        else:
            feeds[r.name] = before


def check(description):
    records = description.layers
    plan = layout(records, kind="blocks")
    names = [box.name for box in plan.boxes]
    assert len(names) == len(set(names))
    assert {r.name for r in records if r.parameters or not r.inputs} <= set(names)
    assert {(e.start, e.end) for e in plan.edges} == set(connections(records, set(names)))
    for one, other in combinations([box.bounds for box in plan.boxes], 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart


@pytest.mark.slow
@pytest.mark.parametrize(("architecture", "case"), CASES)
def test_every_architecture(architecture, case):
    model = architecture.builder(**case.options)
    check(kc.describe(model, input_shape=case.input_shape))
    keras.backend.clear_session()


def test_branches_shortcuts_and_several_outputs():
    check(kc.describe(kc.build_googlenet(auxiliary=True)))
    check(kc.describe(kc.build_resnet20()))
    check(kc.describe(kc.build_unet(width=1 / 16, padding="same", input_shape=(64, 64, 1))))
