"""Compare the cost of gradient-based methods with tf-keras-vis, as a Markdown table.

    python benchmarks/gradients.py
    python benchmarks/gradients.py relevance

VGG16 with random weights and images of 224x224, after a warm-up call. The candidates alternate;
ratios are those of their medians. See `foundation.py`.
"""

import os
import sys
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from foundation import machine, take_turns

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

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


def relevance(model):
    """LRP against two forward passes, and against Zennit on the same net in PyTorch."""
    import tensorflow as tf

    from kerascnn import visualize

    images = pictures(8)
    tensor = tf.constant(images)
    forward = tf.function(lambda x: model(x, training=False), reduce_retracing=True)
    candidates = {"forward": lambda: forward(tensor).numpy()}
    for name in ("epsilon_plus", "epsilon_gamma_box"):
        candidates[name] = lambda name=name: visualize.lrp(
            model, images, CLASS, composite=name, bounds=(0, 1), verbose=False
        )
    peer = zennit_of(model, images)
    seconds = take_turns(candidates | peer, rounds=3)
    for name in ("epsilon_plus", "epsilon_gamma_box"):
        what = f"`lrp`, {name}, VGG16, 8 images, against"
        ratio = seconds[name] / (2 * seconds["forward"])
        yield f"{what} two compiled forward passes", f"{ratio:.2f}", "1.6"
        if peer:
            ratio = seconds[name] / seconds[f"zennit {name}"]
            yield f"{what} Zennit {version('zennit')}", f"{ratio:.2f}", "1.0"


def zennit_of(model, images):
    """Return what Zennit computes with the weights of VGG16; nothing where it is not installed."""
    try:
        import torch
        from certificates import nets
        from torch import nn

        nets.torchvision()  # which Zennit imports
        from zennit.attribution import Gradient
        from zennit.composites import EpsilonGammaBox, EpsilonPlus
    except ImportError:
        return {}
    torch.set_num_threads(os.cpu_count())
    layers = []
    for layer in model.layers:
        weights = [torch.tensor(w) for w in layer.get_weights()]
        if len(weights) == 2 and weights[0].ndim == 4:
            kernel = weights[0].permute(3, 2, 0, 1)
            own = nn.Conv2d(kernel.shape[1], len(kernel), 3, padding=1)
        elif len(weights) == 2:
            kernel = weights[0].T
            own = nn.Linear(kernel.shape[1], len(kernel))
        elif "pool" in layer.name:
            layers.append(nn.MaxPool2d(2))
            continue
        else:
            layers += [nn.Flatten()] * (layer.name == "flatten")
            continue
        own.weight.data, own.bias.data = kernel.contiguous(), weights[1]
        layers += [own, nn.ReLU()]
    net = nn.Sequential(*layers[:-1]).eval()
    x = torch.tensor(images).permute(0, 3, 1, 2).contiguous()
    ends = torch.zeros_like(x[:1]), torch.ones_like(x[:1])

    def run(composite):
        with Gradient(model=net, composite=composite) as attributor:
            klass = torch.eye(model.output_shape[-1])[[CLASS] * len(x)]
            attributor(x.clone().requires_grad_(), lambda y: y * klass)

    return {
        "zennit epsilon_plus": lambda: run(EpsilonPlus()),
        "zennit epsilon_gamma_box": lambda: run(EpsilonGammaBox(low=ends[0], high=ends[1])),
    }


def main():
    import kerascnn as kc

    model = kc.build_vgg16()
    print(f"Machine: {machine()}\n")
    print("| what | measured | at most |\n| --- | --: | --: |", flush=True)
    names = sys.argv[1:]
    for part in (cams, smooth_grad, pixels, relevance):
        if names and part.__name__ not in names:
            continue
        for row in part(model):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
