"""Compare the cost of gradient-based methods with tf-keras-vis, as a Markdown table.

    python benchmarks/gradients.py

VGG16 with random weights and images of 224x224, after a warm-up call. The candidates alternate;
ratios are those of their medians. See `foundation.py`.
"""

import os
from importlib.metadata import version

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from foundation import machine, take_turns

LAYER = "block5_conv3"
CLASS = 5
PEER = f"tf-keras-vis {version('tf-keras-vis')}"


def pictures(count):
    import numpy as np

    return np.random.default_rng(0).random((count, 224, 224, 3), "float32")


def peer_of(kind, model):
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    return kind(model, model_modifier=ReplaceToLinear(), clone=True)


def score_of(count):
    from tf_keras_vis.utils.scores import CategoricalScore

    return CategoricalScore([CLASS] * count)


def cams(model):
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.layercam import Layercam

    from kerascnn import visualize

    for name, kind in (
        ("grad_cam", Gradcam),
        ("grad_cam_plus_plus", GradcamPlusPlus),
        ("layer_cam", Layercam),
    ):
        method, peer = getattr(visualize, name), peer_of(kind, model)
        for count in (1, 8):
            images, score = pictures(count), score_of(count)
            seconds = take_turns(
                {
                    "ours": lambda m=method, x=images: m(model, x, CLASS, LAYER),
                    "peer": lambda p=peer, s=score, x=images: p(s, x, penultimate_layer=LAYER),
                }
            )
            what = f"`{name}`, {count} image{'s' * (count > 1)}, against {PEER}"
            yield what, f"{seconds['ours'] / seconds['peer']:.2f}", "0.40"


def smooth_grad(model):
    from tf_keras_vis.saliency import Saliency

    from kerascnn import visualize

    images, score, peer = pictures(1), score_of(1), peer_of(Saliency, model)
    seconds = take_turns(
        {
            "ours": lambda: visualize.smooth_grad(model, images, CLASS, samples=20, verbose=False),
            "peer": lambda: peer(score, images, smooth_samples=20),
        },
        rounds=3,
    )
    what = f"`smooth_grad`, 20 samples, 1 image, against {PEER}"
    yield what, f"{seconds['ours'] / seconds['peer']:.2f}", "0.60"


def pixels(model):
    import tensorflow as tf

    from kerascnn import visualize

    images = pictures(8)
    tensor = tf.constant(images)
    forward = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    seconds = take_turns(
        {
            "forward": lambda: forward(tensor).numpy(),
            "saliency": lambda: visualize.saliency(model, images, CLASS),
            "guided_backprop": lambda: visualize.guided_backprop(model, images, CLASS),
        }
    )
    for name in ("saliency", "guided_backprop"):
        what = f"`{name}`, 8 images, against two compiled forward passes"
        yield what, f"{seconds[name] / (2 * seconds['forward']):.2f}", "1.4"


def main():
    import kerascnn as kc

    model = kc.build_vgg16()
    print(f"Machine: {machine()}\n")
    print("| what | measured | at most |\n| --- | --: | --: |", flush=True)
    for part in (cams, smooth_grad, pixels):
        for row in part(model):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
