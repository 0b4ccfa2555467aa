from collections import defaultdict
from functools import cache
from types import SimpleNamespace
from zlib import crc32

import numpy as np
import pytest

import kerascnn as kc


@pytest.fixture(scope="module", autouse=True)
def loaded_once():
    """The tests of a file share the data sets that they load."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kc.datasets, "load", cache(kc.datasets.load))
        yield


@pytest.fixture
def feigned(monkeypatch):
    """Instead of training, change weights and make up a history: both follow from what is given.

    That is the first weights, the training images and labels, the rate and the seed. What is then
    evaluated follows from the weights.
    """

    def random(*given):
        return np.random.default_rng(crc32(b"".join(np.asarray(one).tobytes() for one in given)))

    def train(model, data, *, epochs, seed, learning_rate=None, **_options):
        part = data[0] if isinstance(data[0], tuple) else data
        rng = random(*model.get_weights(), *part, [seed, learning_rate or 0.0])
        model.set_weights([w + 0.1 * rng.normal(size=w.shape) for w in model.get_weights()])
        return SimpleNamespace(model=model, history=defaultdict(lambda: list(rng.random(epochs))))

    def evaluate(model, _part):
        return SimpleNamespace(accuracy=random(*model.get_weights()).random())

    monkeypatch.setattr(kc.training, "train", train)
    monkeypatch.setattr(kc.training, "evaluate", evaluate)
