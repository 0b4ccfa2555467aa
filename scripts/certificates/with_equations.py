"""Methods that no peer has in a comparable form, against the papers' equations in PyTorch."""

from typing import Any

import numpy as np

from kerascnn import visualize
from kerascnn.visualize._rise import _draw

from .nets import CLASS, Pair, last

MASKS, CELLS, KEEP = 12, 5, 0.4
STEPS = 6


def rise(pair: Pair) -> dict:
    """Compare with masks that PyTorch enlarges, from the same cells and shifts."""
    import torch

    ours = visualize.rise(
        pair.model, pair.images, CLASS, masks=MASKS, cells=CELLS, keep=KEEP, probability=False,
        verbose=False,
    )  # fmt: skip
    height, width = size = pair.images.shape[1:3]
    grids, shifts = _draw(MASKS, CELLS, KEEP, size, 0)
    sides = [(CELLS + 1) * -(-n // CELLS) for n in size]
    tensor = torch.from_numpy(grids)[:, None]
    masks = torch.nn.functional.interpolate(tensor, size=sides, mode="bilinear")[:, 0]
    total = torch.zeros(len(pair.images), height, width)
    with torch.no_grad():
        for enlarged, (y, x) in zip(masks, shifts.astype(int), strict=True):
            mask = enlarged[y : y + height, x : x + width]
            scores = pair.net(pair.tensor * mask)[:, CLASS]
            total += scores[:, None, None] * mask
    return {"sum": (ours, (total / (KEEP * MASKS)).numpy())}


def blur_integrated_gradients(pair: Pair) -> dict:
    """Compare the integral over images that a matrix blurs."""
    import torch

    sigma = pair.images.shape[2] / 8
    ours = visualize.blur_integrated_gradients(
        pair.model, pair.images, CLASS, sigma=sigma, steps=STEPS, verbose=False
    )
    total, before = 0.0, None
    for deviation in np.linspace(sigma, 0, STEPS + 1):
        rows, columns = (gaussian(n, deviation) for n in pair.images.shape[1:3])
        blurred = torch.einsum("yi,ncij,xj->ncyx", rows, pair.tensor, columns).requires_grad_()
        pair.net(blurred)[:, CLASS].sum().backward()
        now = blurred.detach(), blurred.grad
        if before is not None:
            total += (now[0] - before[0]) * (now[1] + before[1]) / 2
        before = now
    return {"integral": (ours.attributions, last(total))}


def gaussian(length: int, deviation: float) -> Any:
    """Make the matrix that blurs pixels in a line; the line is reflected at its ends."""
    import torch

    matrix = np.zeros((length, length))
    reach = int(4 * deviation + 0.5)
    distances = np.arange(-reach, reach + 1)
    weights = np.exp(-((distances / max(deviation, 1e-9)) ** 2) / 2)
    for row in range(length):
        places = (row + distances) % (2 * length)
        np.add.at(matrix[row], np.minimum(places, 2 * length - 1 - places), weights)
    return torch.from_numpy((matrix / weights.sum()).astype("float32"))


METHODS = {
    "RISE": (
        rise,
        "captum, pytorch-grad-cam and Zennit lack it: Eq. 6, with the same cells and shifts",
    ),
    "blur integrated gradients": (
        blur_integrated_gradients,
        "the peers do not have it, and PAIR's saliency takes left sums, differences for the slope "
        "of the path, and black borders: Eq. 5 by the trapezoid rule, with reflected borders",
    ),
}
