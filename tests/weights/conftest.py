import h5py
import numpy as np
import pytest

import kerascnn as kc


@pytest.fixture
def randomize(rng):
    """Give every weight a random value that keeps the activations within bounds."""

    def apply(model):
        for layer in model.layers:
            for weight in layer.weights:
                if weight.name in ("gamma", "moving_variance"):
                    value = rng.uniform(0.5, 1.5, weight.shape)
                elif weight.name == "kernel":
                    fan_in = np.prod(weight.shape[:-1])
                    value = rng.standard_normal(weight.shape, "float32") * fan_in**-0.5
                else:
                    value = rng.normal(0, 0.1, weight.shape)
                weight.assign(value)
        return model

    return apply


@pytest.fixture
def save_legacy():
    """Write a model's weights in Keras's legacy layout, with h5py alone."""

    def save(model, path, *, rename=None, group=None):
        with h5py.File(path, "w") as file:
            root = file.create_group(group) if group else file
            root.attrs["layer_names"] = [
                (rename or {}).get(layer.name, layer.name).encode() for layer in model.layers
            ]
            root.attrs["backend"] = b"tensorflow"
            root.attrs["keras_version"] = b"2.2.4"
            for layer, name in zip(model.layers, root.attrs["layer_names"], strict=True):
                own = root.create_group(name)
                own.attrs["weight_names"] = [
                    f"{layer.name}/{weight.name}:0".encode() for weight in layer.weights
                ]
                for weight in layer.weights:
                    own[f"{layer.name}/{weight.name}:0"] = weight.numpy()
        return path

    return save


@pytest.fixture
def agree():
    """Compare arrays, relative to the largest value."""

    def check(ours, theirs, tolerance):
        ours, theirs = np.asarray(ours), np.asarray(theirs)
        assert ours.shape == theirs.shape
        assert np.isfinite(theirs).all()
        assert np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max()
        assert theirs.std() > 0  # a constant would agree with anything

    return check


@pytest.fixture
def refused():
    """Load into a model what must be refused: one line, and the model's weights as they were."""

    def check(path, kind, match, model):
        before = model.get_weights()
        with pytest.raises(kind, match=match) as caught:
            kc.weights.load(model, path)
        assert type(caught.value) is kind
        assert "\n" not in str(caught.value)
        for old, new in zip(before, model.get_weights(), strict=True):
            np.testing.assert_array_equal(old, new)

    return check
