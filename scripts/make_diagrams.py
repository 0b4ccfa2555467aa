"""Draw docs/pictures/diagrams: all builders and ten networks of keras.applications, on sheets.

python scripts/make_diagrams.py
"""

import io
import os
from pathlib import Path

os.environ["MPLBACKEND"] = "Agg"

import keras
from matplotlib import pyplot as plt
from PIL import Image

import kerascnn as kc

OUT = Path(__file__).parent.parent / "docs" / "pictures" / "diagrams"
SIZE, DPI, COLORS = (13.333, 7.5), 60, 64  # a slide
ACROSS = 2
APPLICATIONS = (
    "MobileNetV2", "MobileNetV3Small", "DenseNet121", "InceptionV3", "Xception", "EfficientNetB0",
    "ResNet50V2", "NASNetMobile", "ConvNeXtTiny", "InceptionResNetV2",
)  # fmt: skip
SHEETS = {  # similar networks are side by side
    "chains": ("lenet5", "alexnet", "neocognitron", "yolov1", "vgg11", "vgg13", "vgg16", "vgg19"),
    "dense": (
        "linear_regression", "logistic_regression", "perceptron", "mlp", "locally_connected",
    ),
    "branches": (
        "googlenet", "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "plain18",
        "plain34",
    ),
    "cifar": (
        "plain20", "resnet20", "plain32", "resnet32", "plain44", "resnet44", "plain56", "resnet56",
        "plain110", "resnet110",
    ),
    "segmentation": ("unet", "fusionnet", "fcn32s", "fcn16s", "fcn8s"),
    "applications": APPLICATIONS,
}  # fmt: skip


def described(name: str) -> object:
    """Describe a network without giving its weights values."""
    with keras.StatelessScope(initialize_variables=False):
        if name in APPLICATIONS:
            return kc.describe(getattr(keras.applications, name)(weights=None))
        return kc.describe(kc.models.build(name))


def slide(name: str) -> Image.Image:
    """Draw a network in its default kind, checked, on a slide."""
    figure, ax = plt.subplots(figsize=SIZE)
    kc.plots.architecture(described(name), title=name, check=True, ax=ax)
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=DPI)
    plt.close(figure)
    return Image.open(buffer).convert("RGB")


def main() -> None:
    """Draw and save the sheets."""
    drawn = {name for names in SHEETS.values() for name in names} - set(APPLICATIONS)
    assert drawn == set(kc.models.architectures()), drawn ^ set(kc.models.architectures())
    OUT.mkdir(parents=True, exist_ok=True)
    with kc.plots.style("slides"):
        for sheet, names in SHEETS.items():
            pictures = [slide(name) for name in names]
            width, height = pictures[0].size
            page = Image.new("RGB", (ACROSS * width, -(-len(names) // ACROSS) * height), "white")
            for nth, picture in enumerate(pictures):
                page.paste(picture, (nth % ACROSS * width, nth // ACROSS * height))
            page.quantize(COLORS).save(OUT / f"{sheet}.png", optimize=True)


if __name__ == "__main__":
    main()
