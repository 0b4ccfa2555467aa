"""Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray 2015, arXiv:1509.09308).

A 3x3 convolution computes output tiles of 4x4 pixels from overlapping input tiles of 6x6. Computed
directly, a tile takes 16 · 9 = 144 multiplications per pair of channels; in a transformed basis it
takes 36:

    Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A                                                   (equation 8)

with the tile d and the filter g. The sum over channels is computed before Aᵀ … A, so ⊙ becomes 36
matrix products of (tiles, channels) by (channels, filters) (Algorithm 1).
"""

import numpy as np
from keras import ops

from kerascnn._graph import Tensor

SIDE, TILE = 4, 6  # side of output and input tiles

# Section 4.3. A flat tile is transformed by the Kronecker product: flat(M d Mᵀ) = (M ⊗ M) flat(d)
B_T = [
    [4, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
]
G = [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
]
A_T = [
    [1, 1, 1, 1, 1, 0],
    [0, 1, -1, 2, -2, 0],
    [0, 1, 1, 4, 4, 0],
    [0, 1, -1, 8, -8, 1],
]
BOTH = [np.kron(it, it).astype("float32") for it in (B_T, G, A_T)]

# Maps are divided into blocks of 4x4. The first four rows of a tile are those of its own block, the
# last two belong to the next block; likewise for columns. The pixels of a tile are ordered by
# these four parts.
PARTS = [(below, right) for below in (0, 1) for right in (0, 1)]
PIXELS = np.arange(TILE**2).reshape(TILE, TILE)
ORDER = [PIXELS[SIDE * below :, SIDE * right :][:SIDE, :SIDE].ravel() for below, right in PARTS]
READ, FILTER, WRITE = BOTH[0][:, np.concatenate(ORDER)], BOTH[1], BOTH[2]


def convolve_tiles(maps: Tensor, kernel: Tensor) -> Tensor:
    """Convolve maps (N, h, w, C) of known size with (3, 3, C, K), padded to the same size.

    Returns:
        (N, h, w, K). In float32, it differs from direct convolution by about 1e-5 of the maximum.
    """
    height, width, channels = maps.shape[1:]
    filters = kernel.shape[-1]
    down, across = blocks_in(height), blocks_in(width)
    edges = [(1, SIDE * (n + 1) - size - 1) for n, size in ((down, height), (across, width))]
    maps = ops.pad(maps, [(0, 0), *edges, (0, 0)])
    blocks = ops.reshape(maps, (-1, down + 1, SIDE, across + 1, SIDE, channels))
    blocks = ops.transpose(blocks, (2, 4, 0, 1, 3, 5))  # row and column in the block first
    parts = []
    for below, right in PARTS:
        part = blocks[: TILE - SIDE * below, : TILE - SIDE * right]
        part = part[:, :, :, below : below + down, right : right + across]
        parts.append(ops.reshape(part, (part.shape[0] * part.shape[1], -1)))
    tiles = ops.matmul(READ, ops.concatenate(parts))
    filtering = ops.matmul(FILTER, ops.reshape(kernel, (9, -1)))
    products = ops.matmul(
        ops.reshape(tiles, (TILE**2, -1, channels)),
        ops.reshape(filtering, (TILE**2, channels, filters)),
    )
    out = ops.matmul(WRITE, ops.reshape(products, (TILE**2, -1)))
    out = ops.reshape(out, (SIDE, SIDE, -1, down, across, filters))
    out = ops.transpose(out, (2, 3, 0, 4, 1, 5))
    out = ops.reshape(out, (-1, SIDE * down, SIDE * across, filters))
    return out[:, :height, :width]


def blocks_in(size: int) -> int:
    """Return the number of blocks of 4 that cover a side of the maps."""
    return -(-size // SIDE)
