"""What the tests of the description share: what moves a network's output, index by index."""

import keras
import numpy as np
import pytest

from kerascnn._describe.describe_model import followed
from kerascnn._graph import flatten


def moving(model):
    """For each axis of each input, (index, *output's shape): whether moving all there moves that.

    Weights are positive, so that nothing cancels.
    """
    rng = np.random.default_rng(0)
    for v in model.variables:
        if "float" in str(v.dtype):
            v.assign(rng.uniform(0.5, 1.5, v.shape) / max(np.prod(v.shape[:-1]), 1))
    base = [rng.uniform(0.5, 1, (1, *x.shape[1:])).astype("float32") for x in model.inputs]
    found = {}
    for m, axis in [(m, axis) for m, x in enumerate(base) for axis in range(1, x.ndim)]:
        n, hits = base[m].shape[axis], False
        for push in (2, -1.2):
            batch = [np.repeat(x, n + 1, axis=0) for x in base]  # the last one stays
            for i in range(n):
                at = (i, *(slice(None),) * (axis - 1), i)
                batch[m][at] += push * rng.uniform(0.5, 1, batch[m][at].shape)
            made = np.array(model(batch, training=False), "float64")
            hits |= abs(made[:n] - made[n]) > 1e-5 * abs(made[n]).max()
        found[m, axis] = hits
    return found


@pytest.fixture(scope="session")
def check_views():
    """Hold what is said of a network's output against what moves it, unit by unit, axis by axis.

    No unit may see less than is measured. Where `exact`, none is said to see more.
    """

    def check(model, *, exact=True):
        graph = flatten(model)
        shapes, fields = followed(model, graph, None)
        (key,) = graph.outputs
        view, hits = fields.views[key], moving(model)
        for origin, found in hits.items():
            if origin not in view:
                assert not found.any(), f"{origin} is seen"
                continue
            look, n = view[origin], len(found)
            assert look.field is not None, f"{origin} is not known"
            units = shapes[key][look.axis] if look.axis else 1
            others = tuple(a for a in range(1, found.ndim) if a != look.axis)
            seen = found.any(axis=others).reshape(n, units)
            for unit in range(units):
                span, own = look.field.span(unit), np.flatnonzero(seen[:, unit])
                measured = (own[0], own[-1]) if own.size else None
                said = span and (max(span[0], 0), min(span[1], n - 1))
                said = said if said and said[0] <= said[1] else None
                where = f"{origin}, unit {unit}: {said} said, {measured} measured"
                if exact:
                    assert said == measured, where
                elif measured:
                    assert said, where
                    assert said[0] <= measured[0], where
                    assert measured[1] <= said[1], where

    return check


@pytest.fixture(scope="session")
def unknown():
    """Whether of a network's output nothing is said: each axis's field is not known."""

    def check(model):
        graph = flatten(model)
        _shapes, fields = followed(model, graph, None)
        (key,) = graph.outputs
        return all(look.field is None for look in fields.views[key].values())

    return check


@pytest.fixture(scope="session")
def net():
    """A network from its input's shape, or several, and a function of the tensors."""

    def make(shapes, build):
        shapes = shapes if isinstance(shapes, list) else [shapes]
        inputs = [keras.Input(shape) for shape in shapes]
        return keras.Model(inputs, build(*inputs))

    return make
