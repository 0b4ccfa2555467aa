"""The data of a random case: images, labels and weights, for `train` and for `fit`."""

import keras
import numpy as np
import tensorflow as tf

from _fuzz.training.case import BINARY, CLASSES, HEADS, ONE_HOT, POSITIONS, REAL, SPARSE


def labels_of(case, head, loss, rng, count):
    """Draw labels for `train`, convert them for `fit`, and find the shape of the loss's values."""
    kind, _ = HEADS[head][loss]
    side = case["size"]
    places = ()
    if "map" in head or head.startswith("smaller"):
        places = (side, side)
    if head == "sequence":
        places = (POSITIONS,)
    cut = (slice(None), slice(1, -1), slice(1, -1)) if head.startswith("smaller") else ()
    given = rng.integers(0, CLASSES if kind in (SPARSE, ONE_HOT) else 2, (count, *places))
    given.flat[:2] = [0, 1][: given.size]  # at least two classes, if there are two labels
    if kind == REAL:
        given = rng.random((count, *places)).astype("float32")
    indices = given
    if kind == ONE_HOT:
        given = np.eye(CLASSES, dtype="float32")[given]
    if kind in (SPARSE, BINARY) and (places or rng.random() < 0.5) and rng.random() < 0.5:
        given = given[..., None]
    # Floats of one linear unit are a regression.
    unlike = {"bool": kind == SPARSE, "float32": head == "score"}
    if kind in (SPARSE, BINARY) and not unlike.get(case["dtype"]):
        given = given.astype(case["dtype"])
    full = given[cut] if cut else given
    if kind == SPARSE and full.ndim == 2 + len(places):
        full = full[..., 0]
    if kind in (BINARY, REAL) and full.ndim == 1 + len(places):
        full = full[..., None]
    if kind in (SPARSE, BINARY):
        full = full.astype("int64")
    values = full.shape if kind == SPARSE else full.shape[:-1]
    return given, full, indices, (values[:1] if loss == "own" else values), cut


def weights_of(case, kind, given, values, cut, rng, one_hot):
    """Draw weights for `train`, and expand them to one weight per value of the loss."""
    count = len(given)
    axes = len(values)
    if kind == "labels":
        places = given.shape[:axes]
        weights = rng.random(places).astype("float32")
        return weights, weights[cut] if cut else weights
    weights = rng.random(count).astype("float32")
    full = np.broadcast_to(weights.reshape(count, *[1] * (axes - 1)), values).copy()
    if kind == "broadcast":
        weights = weights.reshape(count, *[1] * (axes - 1))
    if kind == "column" and axes == 1:
        weights = weights[:, None]
    return weights, full


class Batches(keras.utils.PyDataset):
    """A PyDataset of batches."""

    def __init__(self, batches):
        super().__init__(workers=2 if len(batches) > 1 else 1)
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, i):
        return self.batches[i]


class Iterable:
    """An iterable of batches that is not a data set."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def part(case, rng, count, weighted):
    """Draw one part of the data, for `train` and for `fit`."""
    images = rng.random((count, case["size"], case["size"], 2)).astype("float32")
    given, full, weights, full_weights, classes = [], [], [], [], None
    shared = rng.random(count).astype("float32")
    for head, loss in zip(case["heads"], case["losses"], strict=True):
        g, f, indices, values, cut = labels_of(case, head, loss, rng, count)
        one_hot = HEADS[head][loss][0] == ONE_HOT
        if weighted:
            kind = case["weights"]
            w, fw = weights_of(case, kind, g, values, cut, rng, one_hot)
            if len(case["heads"]) > 1 and not case["by_output"]:
                w = shared
                fw = np.broadcast_to(w.reshape(count, *[1] * (len(values) - 1)), values).copy()
            weights.append(w)
            full_weights.append(fw)
        given.append(g)
        full.append(f)
        classes = indices[cut] if cut else indices
    return images, given, full, weights, full_weights, classes


def packed(case, values, names):
    """Arrange labels or weights in the structure of the outputs."""
    if case["structure"] in ("one", "auxiliary"):
        return values[0]
    return values if case["structure"] == "list" else dict(zip(names, values, strict=True))


def names_of(case):
    """Return the names of the outputs."""
    dicts = case["structure"] == "dict"
    return [f"h{9 - i}" if dicts else f"head{i}" for i in range(len(case["heads"]))]


def spoil(case, rng, images, given, weights):
    """Insert an error that `train` must reject."""
    how = case["spoilt"]
    if how == "label":
        kind = HEADS[case["heads"][-1]][case["losses"][-1]][0]
        wrong = {SPARSE: 1000, BINARY: 7, REAL: np.nan, ONE_HOT: np.nan}[kind]
        dtype = "int64" if kind in (SPARSE, BINARY) else "float32"
        given[-1] = given[-1].astype(dtype)
        given[-1].flat[-1] = wrong
        binary = HEADS[case["heads"][-1]][case["losses"][-1]][0] == BINARY
        if binary and case["losses"][-1]:  # labels for a given loss are only checked for NaN
            given[-1] = np.full(given[-1].shape, np.nan, "float32")
    elif how == "weights NaN":
        weights[-1] = weights[-1].copy()
        weights[-1].flat[0] = np.nan
    elif how == "weights shape":
        weights[-1] = np.ones((len(images), *given[-1].shape[1:], 6), "float32")
    elif how == "weights one-hot":
        weights[-1] = np.ones((len(images), *given[-1].shape[1:3], 7, 2), "float32")
    elif how == "count":
        given[-1] = given[-1][:-1]  # so that the last batch of a stream lacks one, too
    elif how == "images":
        images = images[..., :1]
    return images, given, weights


def shaped(case, whole):
    """Convert data to the form of the case: arrays, or a stream of batches."""
    if case["form"] == "arrays":
        return whole
    count, size = len(whole[0]), case["batch_size"]
    rows = [slice(start, start + size) for start in range(0, count, size)]
    batches = [keras.tree.map_structure(lambda array, r=r: array[r], tuple(whole)) for r in rows]
    if case["form"] == "PyDataset":
        return Batches(batches)
    if case["form"] == "iterable":
        return Iterable(batches)
    whole = [tuple(each) if isinstance(each, list) else each for each in whole]
    dataset = tf.data.Dataset.from_tensor_slices(tuple(whole)).batch(size)
    return dataset.filter(lambda *batch: True) if case["form"] == "unknown length" else dataset


def order_of(case, epoch, count):
    """Return the rows of an epoch, in the order that `train` uses."""
    rows, size = np.arange(count), case["batch_size"]
    chance = np.random.default_rng((3, epoch))
    if case["form"] == "arrays":
        return chance.permutation(count)
    if case["form"] != "PyDataset":
        return rows
    batches = [rows[start : start + size] for start in range(0, count, size)]
    return [batches[i] for i in chance.permutation(len(batches))]
