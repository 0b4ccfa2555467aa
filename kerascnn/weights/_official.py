"""The official ImageNet weights, from Keras, or from torchvision where Keras has none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from ._download import RemoteFile, fetch, find
from ._weight_set import WeightSet

URLS = {
    "Keras": "https://storage.googleapis.com/tensorflow/keras-applications/",
    "torchvision": "https://download.pytorch.org/models/",
}
CLASS_INDEX = RemoteFile(
    "imagenet_class_index.json",
    "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json",
    "c2c37ea517e94d9795004a39431a14cb",
)
CC_BY, MIT, BSD = "CC BY 4.0", "MIT", "BSD 3-Clause"
WHOLE, NO_TOP, WITH_HEADS = (
    "the whole model",
    "include_top=False",
    "auxiliary=True, whose heads were not trained",
)


@dataclass(frozen=True, kw_only=True)
class OfficialSet(WeightSet):
    """A set of pretrained weights that is downloaded on first use.

    Attributes:
        files: path relative to the URL of the source, and hash, of the file for each of
            `parameters`. The hash is an MD5 (32 digits) or, as in torchvision, the beginning of a
            SHA-256.

    >>> import kerascnn as kc
    >>> official = kc.weights.available("resnet50")[0]
    >>> official.source, official.licence, official.preprocessing
    ('Keras', 'MIT', 'caffe')
    """

    files: Mapping[int, tuple[str, str]]

    def fetch(self, parameters: int) -> Path:
        """Find the file in the cache or download it, and verify its hash.

        Raises:
            OSError: If the download fails or the file has the wrong hash.
        """
        return fetch(self._remote(parameters), self._purpose)

    def on_disk(self) -> Path | None:
        """Find the file of the whole model, without downloading; `None` if it is missing.

        Raises:
            OSError: If the file in `KERASCNN_DATA` has the wrong hash.
        """
        whole = next(count for count, what in self.parameters.items() if what == WHOLE)
        return find(self._remote(whole), self._purpose)

    @property
    def _purpose(self) -> str:
        return f"weights={self.name!r} for {self.architecture}"

    def _remote(self, parameters: int) -> RemoteFile:
        file, digest = self.files[parameters]
        return RemoteFile(file.rpartition("/")[2], URLS[self.source] + file, digest)


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names of ImageNet's classes, from a file that is downloaded once, 35 kB.

    Raises:
        OSError: If the download fails or the file has the wrong hash.
    """
    path = fetch(CLASS_INDEX, "the names of ImageNet's classes")
    found = json.loads(path.read_text("utf-8"))  # {"0": ["n01440764", "tench"], ...}
    return tuple(found[str(i)][1].replace("_", " ") for i in range(len(found)))


def keras_set(architecture, folder, size, accuracy, licence, whole, no_top, variant=None):
    """Make a set from Keras; `whole` and `no_top` are (number of weights, MD5)."""
    file = f"{folder}/{architecture}_weights_tf_dim_ordering_tf_kernels"
    return imagenet(
        architecture=architecture,
        variant=variant,
        source="Keras",
        size=size,
        score=accuracy,
        licence=licence,
        preprocessing="caffe",
        parameters={whole[0]: WHOLE, no_top[0]: NO_TOP},
        files={whole[0]: (f"{file}.h5", whole[1]), no_top[0]: (f"{file}_notop.h5", no_top[1])},
    )


def torchvision_set(architecture, variant, file, size, accuracy, parameters, preprocessing="torch"):
    """Make a set from torchvision: a file whose name ends in the beginning of its SHA-256."""
    digest = file.removesuffix(".pth").rpartition("-")[2]
    return imagenet(
        architecture=architecture,
        variant=variant,
        source="torchvision",
        size=size,
        score=accuracy,
        licence=BSD,
        preprocessing=preprocessing,
        parameters=parameters,
        files=dict.fromkeys(parameters, (file, digest)),
    )


imagenet = partial(OfficialSet, name="imagenet", tested_on="ImageNet", classes=1000)

# Sizes in MiB and accuracies: keras.io/api/applications and pytorch.org/vision/stable/models.
# Parameters include the moving statistics of batch normalization, which the files also contain.
OFFICIAL = (
    torchvision_set(
        "alexnet", "torchvision", "alexnet-owt-7be5be79.pth", 233.1, 0.56522,
        {61_100_840: WHOLE, 2_469_696: NO_TOP},
    ),
    torchvision_set(
        "vgg11", None, "vgg11-8a719046.pth", 506.8, 0.69020,
        {132_863_336: WHOLE, 9_220_480: NO_TOP},
    ),
    torchvision_set(
        "vgg13", None, "vgg13-19584684.pth", 507.5, 0.69928,
        {133_047_848: WHOLE, 9_404_992: NO_TOP},
    ),
    keras_set(
        "vgg16", "vgg16", 528, 0.713, CC_BY,
        (138_357_544, "64373286793e3c8b2b4e3219cbf3544b"),
        (14_714_688, "6d6bbae143d832006294945121d1f1fc"),
    ),
    keras_set(
        "vgg19", "vgg19", 549, 0.713, CC_BY,
        (143_667_240, "cbe5617147190e668d6c5d5026f83318"),
        (20_024_384, "253f8cb515780f3b799900260a226db6"),
    ),
    torchvision_set(  # ported from TensorFlow, whose models expect RGB in [-1, 1]
        "googlenet", "torchvision", "googlenet-1378be20.pth", 49.7, 0.69778,
        {6_639_464: WHOLE, 5_614_464: NO_TOP, 13_019_960: WITH_HEADS},
        "signed",
    ),
    torchvision_set(
        "resnet18", "v1.5", "resnet18-f37072fd.pth", 44.7, 0.69758,
        {11_699_112: WHOLE, 11_186_112: NO_TOP},
    ),
    torchvision_set(
        "resnet34", "v1.5", "resnet34-b627a593.pth", 83.3, 0.73314,
        {21_814_696: WHOLE, 21_301_696: NO_TOP},
    ),
    keras_set(
        "resnet50", "resnet", 98, 0.749, MIT,
        (25_636_712, "2cb95161c43110f7111970584f804107"),
        (23_587_712, "4d473c1dd8becc155b73f8504c6f6626"), "v1",
    ),
    torchvision_set(
        "resnet50", "v1.5", "resnet50-0676ba61.pth", 97.8, 0.76130,
        {25_610_152: WHOLE, 23_561_152: NO_TOP},
    ),
    keras_set(
        "resnet101", "resnet", 171, 0.764, MIT,
        (44_707_176, "f1aeb4b969a6efcfb50fad2f0c20cfc5"),
        (42_658_176, "88cf7a10940856eca736dc7b7e228a21"), "v1",
    ),
    torchvision_set(
        "resnet101", "v1.5", "resnet101-63fe2227.pth", 170.5, 0.77374,
        {44_654_504: WHOLE, 42_605_504: NO_TOP},
    ),
    keras_set(
        "resnet152", "resnet", 232, 0.766, MIT,
        (60_419_944, "100835be76be38e30d865e96f2aaae62"),
        (58_370_944, "ee4c566cf9a93f14d82f913c2dc6dd0c"), "v1",
    ),
    torchvision_set(
        "resnet152", "v1.5", "resnet152-394f9c45.pth", 230.4, 0.78312,
        {60_344_232: WHOLE, 58_295_232: NO_TOP},
    ),
)  # fmt: skip
