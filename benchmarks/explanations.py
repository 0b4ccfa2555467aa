"""Compare methods with captum and pytorch-grad-cam, and time a table of metrics.

    pip install torch==2.13.0 torchvision==0.28.0 captum grad-cam
    python benchmarks/explanations.py
    python benchmarks/explanations.py --rounds 5 grad_cam evaluate

VGG16 with the same random weights in Keras and PyTorch, both with as many threads as there are
cores, and an image of 224x224. The candidates alternate; ratios are those of their medians. Run it
with `TF_ENABLE_ONEDNN_OPTS=0`, too. Captum and ours take batches of the same size. With names, only
these rows. The first round of all but Grad-CAM compiles, so that it takes three or more.
"""

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from foundation import machine, take_turns

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

CLASS = 5
METHODS = (
    "saliency", "smooth_grad", "integrated_gradients", "guided_backprop", "grad_cam",
    "grad_cam_plus_plus", "layer_cam", "hires_cam", "score_cam", "occlusion",
)  # fmt: skip
METRICS = ("deletion", "insertion", "infidelity", "sensitivity_max", "sparseness")


def against_torch(names, rounds):
    import numpy as np
    import torch
    from certificates import nets

    torch.set_num_threads(os.cpu_count())
    nets.torchvision()
    from captum.attr import IntegratedGradients, NoiseTunnel, Occlusion, Saliency
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    from kerascnn import visualize

    net = nets.randomized(nets.unset("vgg16"))
    model = nets.copied(net, "vgg16")
    image = np.random.default_rng(0).random((1, 224, 224, 3), "float32")
    tensor = torch.from_numpy(image.transpose(0, 3, 1, 2).copy())
    cam = GradCAM(net, [net.features[29]])
    quiet = {"verbose": False}
    rows = {
        "grad_cam": (
            "against pytorch-grad-cam",
            partial(visualize.grad_cam, model, image, CLASS, "block5_conv3"),
            lambda: cam(tensor, [ClassifierOutputTarget(CLASS)]),
        ),
        "smooth_grad": (
            "20 samples, against captum",
            partial(visualize.smooth_grad, model, image, CLASS, samples=20, **quiet),
            lambda: NoiseTunnel(Saliency(net)).attribute(
                tensor, nt_samples=20, nt_samples_batch_size=8, target=CLASS
            ),
        ),
        "integrated_gradients": (
            "50 steps, against captum",
            partial(visualize.integrated_gradients, model, image, CLASS, steps=50, **quiet),
            lambda: IntegratedGradients(net).attribute(
                tensor, target=CLASS, n_steps=50, internal_batch_size=8
            ),
        ),
        "occlusion": (
            "14x14 positions, against captum",
            partial(visualize.occlusion, model, image, CLASS, size=16, stride=16, **quiet),
            lambda: Occlusion(net).attribute(
                tensor, (3, 16, 16), (3, 16, 16), target=CLASS, perturbations_per_eval=16
            ),
        ),
    }
    for name in names:
        what, ours, peer = rows[name]
        seconds = take_turns({"ours": ours, "peer": peer}, rounds, warm=name == "grad_cam")
        ratio = seconds["ours"] / seconds["peer"]
        times = f"({seconds['ours']:.1f} s, {seconds['peer']:.1f} s)"
        yield f"`{name}`, {what}", f"{ratio:.2f} {times}", "1.0"


def table():
    import numpy as np

    import kerascnn as kc

    model = kc.build_resnet20(weights="cifar10")
    images = np.random.default_rng(0).random((16, 32, 32, 3), "float32")
    start = time.perf_counter()
    kc.visualize.evaluate(METHODS, model, images, METRICS, seeds=[0], verbose=False)
    seconds = time.perf_counter() - start
    return "`evaluate`, ten methods, five metrics, 16 images of 32x32", f"{seconds:.0f} s", "60 s"


def main():
    names = ("evaluate", "grad_cam", "smooth_grad", "integrated_gradients", "occlusion")
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"rows: {', '.join(names)}")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    asked = options.names or names
    if unknown := [name for name in asked if name not in names]:
        parser.error(f"there is no row {', '.join(unknown)}; choose from {', '.join(names)}")
    print(f"Machine: {machine()}\n")
    print("| what | measured | at most |\n| --- | --: | --: |", flush=True)
    if "evaluate" in asked:
        print("| " + " | ".join(table()) + " |", flush=True)
    if others := [name for name in asked if name != "evaluate"]:
        for row in against_torch(others, options.rounds):
            print("| " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
