"""The options of a random case, and its network."""

import keras

CLASSES, POSITIONS = 3, 4


def own(true, predicted):
    """Compute a custom loss with one value per image."""
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
HEADS = {  # heads, each with the losses that fit
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
CHOICES = {  # the simplest comes first; failing cases are simplified to it
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
    "dtype": ("int64", "uint8", "int32", "bool", "float32"),
    "spoilt": (None, "label", "weights NaN", "weights shape", "weights one-hot", "count", "images"),
}


def draw(chance):
    """Draw a random case, as a dict that JSON can store."""
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
    """Return the same case without invalid combinations."""
    case = dict(case)
    several = case["structure"] not in ("one", "auxiliary")
    small = {"smaller map", "smaller sigmoid"} & set(case["heads"])
    case["size"] = max(case["size"], 3 if small else 1)
    case["batch_size"] = min(case["batch_size"], case["count"])
    if several or HEADS[case["heads"][0]][case["losses"][0]][0] == REAL:
        case["class_weight"] = None
    if "own" in case["losses"] and case["weights"] == "labels":
        case["weights"] = "images"  # the loss has only one value per image
    if case["class_weight"]:
        case["weights"] = "none"
        if "own" in case["losses"] and case["heads"][0] not in ("softmax",):
            case["class_weight"] = None
    case["by_output"] = case["by_output"] and several
    if case["weights"] in ("labels", "broadcast", "column") and several:
        case["by_output"] = True  # their shapes differ
    case["beside"] = case["beside"] and case["form"] == "arrays"
    if case["weights"] == "none" and case["validation"] == "weighted":
        case["validation"] = "plain"
    if case["weights"] == "none" and (case["spoilt"] or "").startswith("weights"):
        case["spoilt"] = None
    return case


def output(head, flat, maps, name):
    """Add one output to the network."""
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
    """Build the network of a case, with the same weights each time."""
    keras.utils.set_random_seed(case["number"])
    layers = keras.layers
    image = keras.Input((case["size"], case["size"], 2))
    maps = image
    if case["trunk"] != "none":
        # The gradient of a bias before a normalization is only rounding, which Adam normalizes.
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
    if case["structure"] == "dict":  # not in alphabetical order
        outputs = {f"h{9 - i}": each for i, each in enumerate(outputs)}
    return keras.Model(image, outputs)
