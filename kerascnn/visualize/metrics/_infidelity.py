"""Infidelity of attributions (Yeh et al. 2019, arXiv:1901.09392, Definition 2.1)."""

from collections.abc import Iterator
from functools import cached_property, partial
from itertools import count

import keras
import numpy as np

from kerascnn._checks import check_choice, check_count, check_number, check_pair
from kerascnn._progress import progress
from kerascnn.visualize._engine.answers import scores_of, with_predicted_classes
from kerascnn.visualize._engine.heatmaps import check_attributions, resized
from kerascnn.visualize._engine.hiding import Fill, check_fill
from kerascnn.visualize._engine.images import Images, image_input
from kerascnn.visualize._engine.noise import noisy
from kerascnn.visualize._engine.question import ask
from kerascnn.visualize._engine.targets import Target

PERTURBATIONS = ("square", "noise")


def infidelity(
    model: keras.Model,
    images: Images,
    heatmaps: np.ndarray,
    target: Target = None,
    *,
    perturbation: str = "square",
    size: int | tuple[int, int] | None = None,
    fill: Fill = None,
    noise: float = 0.1,
    samples: int = 50,
    scale: bool = True,
    seed: int = 0,
    batch_size: int = 32,
    input: int | str | None = None,
    verbose: bool | str = "auto",
) -> np.ndarray:
    """Compute how badly attributions predict the change in score when the image is perturbed.

        mean over I of (Σ I · φ − (f(x) − f(x − I)))²

    Limitations: the result depends on the perturbation. Without `scale`, only attributions in units
    of the score, such as those of `integrated_gradients`, can be compared.

    Args:
        model: any functional or sequential `keras.Model`.
        images: (N, H, W, C) float, in the range the model was trained on, or one array for each of
            several inputs.
        heatmaps: attributions φ, (N, h, w, C), or heatmaps (N, h, w), of which a value counts
            for each channel alike; they are resized bilinearly to the images.
        target: class index, one index per image, or a callable from the logits (N, classes) to
            scores (N,); `None`: the predicted class.
        perturbation: "square", I replaces a square at a random position by `fill`; or "noise", I is
            normal noise.
        size: height and width of the square in pixels, one number or two; `None`: an eighth of the
            image size, rounded up.
        fill: color of the square, in the range of the images: a number, a color (C,) or an image;
            `None`: the mean color of each image.
        noise: standard deviation of the noise, as a fraction of the image's range, max − min.
            Images of whole numbers get whole numbers, between those of the image.
        samples: number of perturbations I; each takes a forward pass.
        scale: whether φ is first multiplied by the factor that makes the mean the smallest, as in
            the paper's experiments, so that methods with any units can be compared.
        seed: seed of the perturbations, which are the same for all images.
        batch_size: number of images per batch; smaller batches need less memory.
        input: which of several inputs is perturbed, by its position or name; the others are kept.
            `None`: the only one that takes images.
        verbose: whether to show a progress bar; "auto": in a terminal or notebook.

    Returns:
        (N,) float32, in squared units of the score; lower is better.

    Raises:
        TypeError, ValueError: If arguments do not fit.

    >>> import numpy as np, kerascnn as kc
    >>> model, images = kc.build_lenet5(weights="mnist"), kc.datasets.load("digits").test[0][:2]
    >>> attributions = kc.visualize.integrated_gradients(model, images).attributions
    >>> kc.visualize.metrics.infidelity(model, images, attributions, samples=4).shape
    (2,)
    """
    perturbed = Perturbed(
        model, images, target, perturbation=perturbation, size=size, fill=fill, noise=noise,
        samples=samples, scale=scale, seed=seed, batch_size=batch_size, input=input,
        verbose=verbose,
    )  # fmt: skip
    return perturbed.measure(heatmaps)


class Perturbed:
    """Images that are perturbed and scored once, and measure any number of heatmaps.

    Arguments are those of `infidelity`.
    """

    def __init__(
        self,
        model: keras.Model,
        images: Images,
        target: Target = None,
        *,
        perturbation: str = "square",
        size: int | tuple[int, int] | None = None,
        fill: Fill = None,
        noise: float = 0.1,
        samples: int = 50,
        scale: bool = True,
        seed: int = 0,
        batch_size: int = 32,
        input: int | str | None = None,
        verbose: bool | str = "auto",
    ):
        check_choice("perturbation", perturbation, PERTURBATIONS)
        check_number("noise", noise)
        self.samples = check_count("samples", samples)
        check_count("seed", seed, least=0)
        self.question = ask(model, images, target)
        self.place = image_input(model, self.question.graph, input)
        self.images = self.question.images[self.place]
        self.scale, self.batch_size, self.verbose = scale, batch_size, verbose
        if perturbation == "square":
            behind, pair = check_fill(fill, self.images), _size(size, self.images.shape)
            self.copies = partial(_squares, self.images, behind, pair, seed)
        else:
            self.copies = partial(_noises, self.images, noise, seed)

    def measure(self, heatmaps: np.ndarray) -> np.ndarray:
        """Compute the infidelity of heatmaps, (N,) float32."""
        phi = resized(check_attributions(heatmaps, len(self.images)), self.images.shape[1:3])
        phi = phi if phi.ndim == 4 else phi[..., None]
        if phi.shape[-1] not in (1, self.images.shape[-1]):
            raise ValueError(
                f"heatmaps must have the images' {self.images.shape[-1]} channel(s) or none; "
                f"received {phi.shape}."
            )
        drops = self.drops
        predicted = np.zeros_like(drops)
        for i, copies in zip(range(self.samples), self.copies(), strict=False):
            difference = self.images.astype("float64") - copies  # I
            predicted[i] = (difference * phi).sum(axis=(1, 2, 3))  # Iᵀφ
        if self.scale:
            squares = (predicted**2).sum(axis=0)
            beta = np.zeros(len(self.images))
            np.divide((predicted * drops).sum(axis=0), squares, out=beta, where=squares > 0)
            predicted = beta * predicted
        return ((predicted - drops) ** 2).mean(axis=0).astype("float32")

    @cached_property
    def drops(self) -> np.ndarray:
        """The drop of the score by each perturbation, f(x) − f(x − I), (samples, N)."""
        question = with_predicted_classes(self.question, self.batch_size)
        original = scores_of(question, batch_size=self.batch_size)
        drops = np.zeros((self.samples, len(self.images)))
        with progress("Infidelity", self.samples, self.verbose) as advance:
            for i, copies in zip(range(self.samples), self.copies(), strict=False):
                arrays = list(question.images)
                arrays[self.place] = copies.astype(self.images.dtype)
                changed = question.with_images(arrays)
                drops[i] = original - scores_of(changed, batch_size=self.batch_size)
                advance()
        return drops


def _size(size: int | tuple[int, int] | None, shape: tuple) -> tuple[int, int]:
    """Return the height and width of the square."""
    whole = shape[1], shape[2]
    if size is None:
        return -(-whole[0] // 8), -(-whole[1] // 8)
    pair = check_pair("size", size, of=" of pixels")
    if pair[0] > whole[0] or pair[1] > whole[1]:
        raise ValueError(
            f"size must be at most the size of the images, {whole[0]}×{whole[1]}; received {size}."
        )
    return pair


def _squares(
    images: np.ndarray, behind: np.ndarray, size: tuple[int, int], seed: int
) -> Iterator[np.ndarray]:
    """Yield copies of the images with a square at a random position replaced."""
    rng = np.random.default_rng(seed)
    behind = np.broadcast_to(behind, images.shape)
    while True:
        rows, columns = (
            slice(start, start + length)
            for start, length in (
                (int(rng.integers(images.shape[axis + 1] - size[axis] + 1)), size[axis])
                for axis in (0, 1)
            )
        )
        copies = images.astype("float32")
        copies[:, rows, columns] = behind[:, rows, columns]
        yield copies


def _noises(images: np.ndarray, noise: float, seed: int) -> Iterator[np.ndarray]:
    """Yield copies of the images with normal noise."""
    return (noisy([images], noise, seed, i)[0] for i in count())
