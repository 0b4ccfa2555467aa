"""Compare `kerascnn.train` with Keras's own `fit` on random small cases.

    python scripts/fuzz_train.py --seed 0 --minutes 60

A case is a small network with one or several outputs, data with or without weights, and options of
`train`, drawn at random. `fit` gets the same initial weights, the same images in the same order,
labels and weights that are written out in full, and the loss by its name. The losses of each epoch
and the weights after the last must agree to rounding. Some cases are spoilt on purpose: `train` has
to refuse them in one line. A case that disagrees is made smaller as long as it still does, and
printed; `--case` runs it again. Exits with 1 if something was found.
"""

import argparse
import json
import random
import time
import traceback

import keras
import numpy as np
import tensorflow as tf

from kerascnn.training import train

CLASSES, POSITIONS = 3, 4
RATE = 0.01
ROUNDING = {"rtol": 2e-4, "atol": 2e-5}


def own(true, predicted):
    """A loss of one's own: a value for each image."""
    square = keras.ops.square(keras.ops.cast(true, predicted.dtype) - predicted)
    return keras.ops.mean(square, axis=list(range(1, len(square.shape))))


SPARSE, ONE_HOT, BINARY, REAL = "class indices", "one-hot", "0 or 1", "numbers"
CROSSENTROPY = "sparse_categorical_crossentropy"
OF_PROBABILITIES = {
    None: (SPARSE, CROSSENTROPY),
    CROSSENTROPY: (SPARSE, CROSSENTROPY),
    "categorical_crossentropy": (ONE_HOT, "categorical_crossentropy"),
    "categorical_focal_crossentropy": (ONE_HOT, "categorical_focal_crossentropy"),
    "kl_divergence": (ONE_HOT, "kl_divergence"),
    "mean_squared_error": (ONE_HOT, "mean_squared_error"),
    "own": (ONE_HOT, own),
}
OF_LOGITS = {
    None: (SPARSE, keras.losses.SparseCategoricalCrossentropy(from_logits=True)),
    "huber": (ONE_HOT, "huber"),
    "cosine_similarity": (ONE_HOT, "cosine_similarity"),
}
OF_ONE = {
    None: (BINARY, "binary_crossentropy"),
    "binary_crossentropy": (BINARY, "binary_crossentropy"),
    "binary_focal_crossentropy": (BINARY, "binary_focal_crossentropy"),
    "mean_absolute_error": (BINARY, "mean_absolute_error"),
}
OF_NUMBERS = {
    None: (REAL, "mean_squared_error"),
    "log_cosh": (REAL, "log_cosh"),
    "mae": (REAL, "mae"),
}
HEADS = {  # the losses that go with it
    "softmax": OF_PROBABILITIES,
    "linear": OF_LOGITS,
    "sigmoid": OF_ONE,
    "score": {None: (BINARY, keras.losses.BinaryCrossentropy(from_logits=True))},
    "number": OF_NUMBERS,
    "vector": OF_NUMBERS,
    "sequence": OF_PROBABILITIES,
    "map softmax": OF_PROBABILITIES,
    "map linear": OF_LOGITS,
    "map sigmoid": OF_ONE,
    "smaller map": OF_PROBABILITIES,
    "smaller sigmoid": OF_ONE,
}
CHOICES = {  # the first is the simplest, which a case that fails is brought back to
    "size": (4, 1, 2, 3, 5),
    "count": (4, 1, 2, 3, 5, 7),
    "batch_size": (4, 1, 2, 3),
    "epochs": (1, 2),
    "trunk": ("none", "convolution", "normalized"),
    "optimizer": ("sgd", "momentum", "adam"),
    "structure": ("one", "auxiliary", "list", "named", "dict"),
    "heads": None,
    "losses": None,
    "weights": ("none", "images", "column", "broadcast", "labels"),
    "by_output": (False, True),
    "beside": (False, True),
    "class_weight": (None, {0: 2.0, 1: 0.5}, {1: 0.0}),
    "validation": ("none", "plain", "weighted"),
    "form": ("arrays", "dataset", "unknown length", "PyDataset", "iterable"),
    "dtype": ("int64", "uint8", "int32", "bool"),
    "spoilt": (None, "label", "weights NaN", "weights shape", "weights one-hot", "count", "images"),
}


def draw(chance):
    """A random case, as a dict that JSON keeps."""
    case = {
        key: choices[0] if chance.random() < 0.3 else chance.choice(choices)
        for key, choices in CHOICES.items()
        if choices
    }
    if chance.random() < 0.8:
        case["spoilt"] = None
    heads = 1 if case["structure"] in ("one", "auxiliary") else chance.choice((2, 2, 3))
    case["heads"] = [chance.choice(list(HEADS)) for _ in range(heads)]
    case["losses"] = [chance.choice([None, *HEADS[head]]) for head in case["heads"]]
    case["number"] = chance.randrange(10**6)
    return mended(case)


def mended(case):
    """The same case without what does not go together."""
    case = dict(case)
    several = case["structure"] not in ("one", "auxiliary")
    small = {"smaller map", "smaller sigmoid"} & set(case["heads"])
    case["size"] = max(case["size"], 3 if small else 1)
    case["batch_size"] = min(case["batch_size"], case["count"])
    if several or HEADS[case["heads"][0]][case["losses"][0]][0] == REAL:
        case["class_weight"] = None
    if "own" in case["losses"] and case["weights"] == "labels":
        case["weights"] = "images"  # it has a value for each image only
    if case["class_weight"]:
        case["weights"] = "none"
        if "own" in case["losses"] and case["heads"][0] not in ("softmax",):
            case["class_weight"] = None
    case["by_output"] = case["by_output"] and several
    if case["weights"] in ("labels", "broadcast", "column") and several:
        case["by_output"] = True  # they differ in shape
    case["beside"] = case["beside"] and case["form"] == "arrays"
    if case["weights"] == "none" and case["validation"] == "weighted":
        case["validation"] = "plain"
    if case["weights"] == "none" and (case["spoilt"] or "").startswith("weights"):
        case["spoilt"] = None
    return case


def output(head, flat, maps, name):
    """One output of the network."""
    layers = keras.layers
    if head in ("softmax", "linear"):
        return layers.Dense(CLASSES, activation=head, name=name)(flat)
    if head in ("sigmoid", "score", "number"):
        return layers.Dense(1, activation="sigmoid" if head == "sigmoid" else None, name=name)(flat)
    if head == "vector":
        return layers.Reshape((), name=name)(layers.Dense(1)(flat))
    if head == "sequence":
        scores = layers.Reshape((POSITIONS, CLASSES))(layers.Dense(POSITIONS * CLASSES)(flat))
        return layers.Softmax(name=name)(scores)
    kernel = 3 if head.startswith("smaller") else 1
    one = head.endswith("sigmoid")
    activation = "sigmoid" if one else "linear" if head == "map linear" else "softmax"
    return layers.Conv2D(1 if one else CLASSES, kernel, activation=activation, name=name)(maps)


def network(case):
    """A network; the same each time."""
    keras.utils.set_random_seed(case["number"])
    layers = keras.layers
    image = keras.Input((case["size"], case["size"], 2))
    maps = image
    if case["trunk"] != "none":
        # The gradient of a bias before a normalization is rounding, which Adam divides by its size.
        biased = case["trunk"] != "normalized"
        maps = layers.Conv2D(3, 3, padding="same", use_bias=biased)(maps)
    if case["trunk"] == "normalized":
        maps = layers.BatchNormalization()(maps)
    maps = layers.ReLU()(maps)
    flat = layers.Flatten()(maps)
    heads = case["heads"] * (3 if case["structure"] == "auxiliary" else 1)
    outputs = [output(head, flat, maps, f"head{i}") for i, head in enumerate(heads)]
    if case["structure"] == "one":
        outputs = outputs[0]
    if case["structure"] == "dict":  # in another order than that of the alphabet
        outputs = {f"h{9 - i}": each for i, each in enumerate(outputs)}
    return keras.Model(image, outputs)


def labels_of(case, head, loss, rng, count):
    """Labels as `train` takes them, those that `fit` needs, and the shape of the loss's values."""
    kind, _ = HEADS[head][loss]
    side = case["size"]
    places = ()
    if "map" in head or head.startswith("smaller"):
        places = (side, side)
    if head == "sequence":
        places = (POSITIONS,)
    cut = (slice(None), slice(1, -1), slice(1, -1)) if head.startswith("smaller") else ()
    given = rng.integers(0, CLASSES if kind in (SPARSE, ONE_HOT) else 2, (count, *places))
    given.flat[:2] = [0, 1][: given.size]  # never all the same, where there are two
    if kind == REAL:
        given = rng.random((count, *places)).astype("float32")
    indices = given
    if kind == ONE_HOT:
        given = np.eye(CLASSES, dtype="float32")[given]
    if kind == BINARY and (places or rng.random() < 0.5) and rng.random() < 0.5:
        given = given[..., None]
    if kind in (SPARSE, BINARY) and (case["dtype"] != "bool" or kind == BINARY):
        given = given.astype(case["dtype"])
    full = given[cut] if cut else given
    if kind in (BINARY, REAL) and full.ndim == 1 + len(places):
        full = full[..., None]
    if kind in (SPARSE, BINARY):
        full = full.astype("int64")
    values = full.shape if kind == SPARSE else full.shape[:-1]
    return given, full, indices, (values[:1] if loss == "own" else values), cut


def weights_of(case, kind, given, values, cut, rng, one_hot):
    """Weights as `train` takes them, and for each value of the loss."""
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
    """Batches that can be gone through again and again."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


def part(case, rng, count, weighted):
    """A part of the data: for `train`, and for `fit`."""
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
    """Labels or weights in the form that the structure of the outputs asks for."""
    if case["structure"] in ("one", "auxiliary"):
        return values[0]
    return values if case["structure"] == "list" else dict(zip(names, values, strict=True))


def names_of(case):
    """The names of the outputs."""
    dicts = case["structure"] == "dict"
    return [f"h{9 - i}" if dicts else f"head{i}" for i in range(len(case["heads"]))]


def spoil(case, rng, images, given, weights):
    """Something wrong, which has to be refused."""
    how = case["spoilt"]
    if how == "label":
        kind = HEADS[case["heads"][-1]][case["losses"][-1]][0]
        wrong = {SPARSE: 1000, BINARY: 7, REAL: np.nan, ONE_HOT: np.nan}[kind]
        dtype = "int64" if kind in (SPARSE, BINARY) else "float32"
        given[-1] = given[-1].astype(dtype)
        given[-1].flat[-1] = wrong
        binary = HEADS[case["heads"][-1]][case["losses"][-1]][0] == BINARY
        if binary and case["losses"][-1]:  # of a loss that was given no more is known
            given[-1] = np.full(given[-1].shape, np.nan, "float32")
    elif how == "weights NaN":
        weights[-1] = weights[-1].copy()
        weights[-1].flat[0] = np.nan
    elif how == "weights shape":
        weights[-1] = np.ones((len(images), *given[-1].shape[1:], 6), "float32")
    elif how == "weights one-hot":
        weights[-1] = np.ones((len(images), *given[-1].shape[1:3], 7, 2), "float32")
    elif how == "count":
        given[-1] = np.concatenate([given[-1], given[-1][:1]])
    elif how == "images":
        images = images[..., :1]
    return images, given, weights


def shaped(case, whole):
    """Data in the form of the case: arrays, or a stream of batches."""
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
    """The rows of an epoch, in the order in which `train` takes them."""
    rows, size = np.arange(count), case["batch_size"]
    chance = np.random.default_rng((3, epoch))
    if case["form"] == "arrays":
        return chance.permutation(count)
    if case["form"] != "PyDataset":
        return rows
    batches = [rows[start : start + size] for start in range(0, count, size)]
    return [batches[i] for i in chance.permutation(len(batches))]


def compare(case):
    """Train both ways.

    Raises:
        AssertionError: They disagree, or what had to be refused was not, or not in a line.
    """
    rng = np.random.default_rng(case["number"])
    names = names_of(case)
    count = case["count"]
    of_training = part(case, rng, count, case["weights"] != "none")
    images, given, full, weights, full_weights, classes = of_training
    of_validation = part(case, rng, 3, case["validation"] == "weighted")
    if case["spoilt"]:
        images, given, weights = spoil(case, rng, images, list(given), list(weights))
    shared = len(case["heads"]) > 1 and not case["by_output"]
    weights = (weights[-1] if shared else packed(case, weights, names)) if weights else None
    data = [images, packed(case, given, names)]
    options = {}
    if weights is not None and case["beside"]:
        options["sample_weight"] = weights
    elif weights is not None:
        data.append(weights)
    if case["class_weight"]:
        options["class_weight"] = {int(k): w for k, w in case["class_weight"].items()}
    chosen = [own if loss == "own" else loss for loss in case["losses"]]
    if len(chosen) == 1:
        options["loss"] = chosen[0]
    else:
        options["loss"] = {n: one for n, one in zip(names, chosen, strict=True) if one} or None
    optimizer = {"optimizer": "adam"}
    if case["optimizer"] != "adam":
        momentum = 0.9 if case["optimizer"] == "momentum" else 0.0
        optimizer = {"optimizer": "sgd", "momentum": momentum}
    validation = None
    if case["validation"] != "none":
        validation = [of_validation[0], packed(case, of_validation[1], names)]
        if of_validation[3]:
            own_weights = of_validation[3]
            validation.append(own_weights[-1] if shared else packed(case, own_weights, names))
        validation = shaped(case, tuple(validation))
    if case["form"] == "arrays":
        options["batch_size"] = case["batch_size"]
    model, refusal = network(case), None
    few = [np.unique(labels).size < 2 for labels in given]
    try:
        run = train(
            model,
            (shaped(case, tuple(data)), validation),
            epochs=case["epochs"],
            seed=3,
            verbose=0,
            learning_rate=RATE,
            devices=("CPU:0",),
            **optimizer,
            **options,
        )
    except (ValueError, TypeError) as error:
        refusal = str(error)
    if refusal is not None:
        alone = "at least two classes" in refusal and any(few)
        assert case["spoilt"] or alone, f"refused: {refusal}"
        assert "\n" not in refusal, f"a refusal of several lines: {refusal}"
        return
    assert not case["spoilt"], f"not refused: {case['spoilt']}"

    reference = network(case)
    auxiliary = case["structure"] == "auxiliary"
    losses = [HEADS[h][loss][1] for h, loss in zip(case["heads"], case["losses"], strict=True)]
    if case["class_weight"]:
        table = dict.fromkeys(range(CLASSES), 1.0) | options["class_weight"]
        full_weights = [np.vectorize(table.get)(classes).astype("float32")]

    def structured(values):
        if auxiliary:
            return [values[0]] * 3
        if case["structure"] == "one":
            return values[0]
        return dict(zip(names, values, strict=True)) if case["structure"] == "dict" else values

    reference.compile(
        keras.optimizers.Adam(RATE)
        if case["optimizer"] == "adam"
        else keras.optimizers.SGD(RATE, momentum=optimizer["momentum"]),
        structured(losses),
        loss_weights=[1.0, 0.3, 0.3] if auxiliary else None,
    )

    def rows(arrays, which):
        return keras.tree.map_structure(lambda array: array[which], structured(arrays))

    history = {"loss": [], "val_loss": []}
    for epoch in range(case["epochs"]):
        order = order_of(case, epoch, count)
        size = case["batch_size"]
        if isinstance(order, list):  # batches, of which any may be the smaller one
            batches = order
        else:
            batches = [order[start : start + size] for start in range(0, count, size)]
        total = 0.0
        for which in batches:
            one = reference.fit(
                images[which],
                rows(full, which),
                sample_weight=rows(full_weights, which) if full_weights else None,
                batch_size=len(which),
                shuffle=False,
                verbose=0,
            )
            total += one.history["loss"][0] * len(which)
        history["loss"].append(total / count)
        if validation is not None:
            x, _, y, _, w, _ = of_validation
            scores = reference.evaluate(
                x,
                structured(y),
                sample_weight=structured(w) if w else None,
                batch_size=size,
                verbose=0,
                return_dict=True,
            )
            history["val_loss"].append(scores["loss"])
    for key, values in history.items():
        if values:
            np.testing.assert_allclose(run.history[key], values, **ROUNDING, err_msg=key)
    for mine, theirs in zip(model.get_weights(), reference.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, **ROUNDING, err_msg="weights")


def failure(case):
    """What is wrong with a case, or `None`."""
    keras.backend.clear_session()
    try:
        compare(case)
    except Exception:
        return traceback.format_exc()
    return None


def smaller(case, deadline):
    """A simpler case that fails as well."""
    simpler = True
    while simpler and time.monotonic() < deadline:
        simpler = False
        for key, choices in CHOICES.items():
            if not choices or case[key] == choices[0]:
                continue
            other = mended(case | {key: choices[0]})
            if key == "structure":
                other = mended(other | {"heads": case["heads"][:1], "losses": case["losses"][:1]})
            if other != case and failure(other):
                case, simpler = other, True
    return case


def main():
    """Look for disagreements until the time is over."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--case", help="run one case, as it was printed")
    options = parser.parse_args()
    if options.case:
        wrong = failure(json.loads(options.case))
        print(wrong or "agrees")
        raise SystemExit(1 if wrong else 0)
    end = time.monotonic() + 60 * options.minutes
    chance = random.Random(options.seed)
    ran = wrong = 0
    while time.monotonic() < end:
        case = json.loads(json.dumps(draw(chance)))
        ran += 1
        if not failure(case):
            continue
        least = smaller(case, time.monotonic() + 300)
        print(f"case {ran} of seed {options.seed}, made smaller:\n{json.dumps(least)}")
        print(failure(least), flush=True)
        wrong += 1
    print(
        f"{ran - wrong} of {ran} cases of seed {options.seed} agree with fit, or were refused in "
        "one line"
    )
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
