"""Compare the cost of tiles, suppression and input with what they need at least, as a table.

    python benchmarks/segmentation.py

The forward passes of the tiles are timed within the prediction, so that other load on the machine
affects both alike. The candidates of suppression alternate; the ratio is that of their medians.
"""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from foundation import machine, take_turns

SIDE = 2048
BOXES = 10_000


def tiles():
    import numpy as np

    import kerascnn as kc

    model = kc.build_unet(padding="same", width=0.25, input_shape=(None, None, 1))
    image = np.random.default_rng(0).random((SIDE, SIDE, 1), "float32")
    predict, seconds = model.predict_on_batch, []

    def timed(batch):
        began = time.perf_counter()
        outputs = np.asarray(predict(batch))
        seconds.append(time.perf_counter() - began)
        return outputs

    kc.predict_tiles(model, image[:700, :700], verbose=False)  # compiles
    model.predict_on_batch = timed
    began = time.perf_counter()
    kc.predict_tiles(model, image, verbose=False)
    whole = time.perf_counter() - began
    what = f"`predict_tiles`, {SIDE}x{SIDE}, U-Net of width 1/4, {len(seconds)} tiles"
    yield f"{what}, against their forward passes", f"{whole / sum(seconds):.3f}", "1.15"


def suppression():
    import numpy as np
    import tensorflow as tf

    import kerascnn as kc

    for name, spread in (("few", 1.0), ("many", 0.1)):
        rng = np.random.default_rng(0)
        boxes = np.column_stack(
            [rng.random((BOXES, 2)) * spread, rng.uniform(0.01, 0.2, (BOXES, 2))]
        ).astype("float32")
        scores = rng.random(BOXES, "float32")
        corners = np.hstack([boxes[:, :2] - boxes[:, 2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2])
        ours = lambda b=boxes, s=scores: kc.metrics.non_maximum_suppression(b, s)  # noqa: E731
        peer = lambda c=corners, s=scores: tf.image.non_max_suppression(c, s, BOXES)  # noqa: E731
        if ours().tolist() != peer().numpy().tolist():
            raise ValueError("both must keep the same boxes")
        seconds = take_turns({"ours": ours, "peer": peer})
        what = f"`non_maximum_suppression`, {BOXES:,} boxes, {name} overlaps, {len(ours()):,} kept"
        yield f"{what}, against tf.image", f"{seconds['ours'] / seconds['peer']:.2f}", "2"


def waiting():
    import kerascnn as kc

    data = kc.datasets.load("cells", count=160)
    for width in (1 / 16, 1 / 4):
        model = kc.build_unet(padding="same", width=width, input_shape=(128, 128, 1))
        share = kc.train(model, data, epochs=2, batch_size=8, border_weight=5, verbose=0).waiting
        what = f"`train` on `cells`, U-Net of width 1/{1 / width:.0f}: waiting for input"
        yield f"{what}, against a step", f"{share / (1 - share):.3f}", "0.25"


def main():
    print(f"Machine: {machine()}\n")
    print("| what | measured | at most |\n| --- | --: | --: |", flush=True)
    for part in (suppression, waiting, tiles):
        for row in part():
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
