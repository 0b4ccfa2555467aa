"""Compare `kerascnn.train` with Keras's own `fit` on random small cases.

    python scripts/fuzz_train.py --seed 0 --minutes 60

A case is a small network with one or several outputs, data with or without weights, and options of
`train`, drawn at random. `fit` gets the same initial weights, the same images in the same order,
expanded labels and weights, and the name of the loss. The losses of each epoch and the final
weights must agree up to rounding. Some cases contain errors on purpose, which `train` must reject
with a one-line error. A case that disagrees is simplified as long as it still does, and printed;
`--case` runs it again. The exit status is 1 if something was found.
"""

import argparse
import json
import random
import time
import traceback

import keras
import numpy as np
from _fuzz.training.case import CHOICES, CLASSES, HEADS, draw, mended, network, own
from _fuzz.training.data import names_of, order_of, packed, part, shaped, spoil

from kerascnn.training import train

RATE = 0.01
ROUNDING = {"rtol": 2e-4, "atol": 2e-5}


def compare(case):
    """Train a case with `train` and with `fit`.

    Raises:
        AssertionError: If they disagree, or an error is not rejected in one line.
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
        assert case["spoilt"] or alone, f"rejected: {refusal}"
        assert "\n" not in refusal, f"an error of several lines: {refusal}"
        return
    assert not case["spoilt"], f"not rejected: {case['spoilt']}"

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
        if isinstance(order, list):  # batches; any of them may be smaller
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
    """Return the traceback of a failing case, or `None`."""
    keras.backend.clear_session()
    try:
        compare(case)
    except Exception:
        return traceback.format_exc()
    return None


def smaller(case, deadline):
    """Find a simpler case that also fails."""
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
    """Look for disagreements until the time is up."""
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
        print(f"case {ran} of seed {options.seed}, simplified:\n{json.dumps(least)}")
        print(failure(least), flush=True)
        wrong += 1
    print(
        f"{ran - wrong} of {ran} cases of seed {options.seed} agree with fit, or were rejected in "
        "one line"
    )
    raise SystemExit(wrong > 0)


if __name__ == "__main__":
    main()
