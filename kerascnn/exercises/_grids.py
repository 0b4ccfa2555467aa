"""Small grids of whole numbers, as for computing by hand; as tuples, they can be compared."""

from collections.abc import Callable, Iterable, Sequence
from random import Random

from ._question import Number, Rows, number_text


def draw(rng: Random, height: int, width: int, low: int, high: int) -> Rows:
    """Draw whole numbers from `low` to `high`."""
    return tuple(tuple(rng.randint(low, high) for _c in range(width)) for _r in range(height))


def draw_kernel(rng: Random, size: int, low: int, high: int) -> Rows:
    """Draw a kernel that is neither symmetric nor zero, so that mistakes change the result."""
    while True:
        kernel = draw(rng, size, size, low, high)
        if len({kernel, flipped(kernel), transposed(kernel)}) == 3 and kernel[-1][-1]:
            return kernel


def flipped(rows: Rows) -> Rows:
    """Rotate a grid by 180 degrees."""
    return tuple(row[::-1] for row in rows[::-1])


def transposed(rows: Rows) -> Rows:
    """Swap rows and columns."""
    return tuple(zip(*rows, strict=True))


def padded(rows: Rows, pixels: int, value: Number = 0) -> Rows:
    """Pad a grid with a value on all sides."""
    width = len(rows[0]) + 2 * pixels
    edge = ((value,) * width,) * pixels
    return (*edge, *((value,) * pixels + row + (value,) * pixels for row in rows), *edge)


def spread(rows: Rows, stride: int) -> Rows:
    """Insert `stride` − 1 zeros between the numbers of a grid."""
    height, width = ((n - 1) * stride + 1 for n in (len(rows), len(rows[0])))
    return tuple(
        tuple(
            0 if r % stride or c % stride else rows[r // stride][c // stride] for c in range(width)
        )
        for r in range(height)
    )


def windows(rows: Rows, size: tuple[int, int], stride: int = 1) -> list[list[Rows]]:
    """Cut the windows that a kernel of (height, width) sees, by row and column of the output."""
    height, width = size
    return [
        [
            tuple(row[left : left + width] for row in rows[top : top + height])
            for left in range(0, len(rows[0]) - width + 1, stride)
        ]
        for top in range(0, len(rows) - height + 1, stride)
    ]


def each_window(
    rows: Rows, size: tuple[int, int], compute: Callable[[Rows], Number], stride: int = 1
) -> Rows:
    """Compute a number from each window."""
    return tuple(tuple(compute(w) for w in row) for row in windows(rows, size, stride))


def correlate(rows: Rows, kernel: Rows, stride: int = 1) -> Rows:
    """Slide a kernel without flipping it: cross-correlation, which Keras calls convolution."""
    size = len(kernel), len(kernel[0])
    return each_window(rows, size, lambda window: dot(window, kernel), stride)


def dot(window: Rows, kernel: Rows) -> Number:
    """Compute the sum of the elementwise products."""
    return sum(a * b for a, b in zip(flat(window), flat(kernel), strict=True))


def flat(rows: Iterable[Sequence[Number]]) -> list[Number]:
    """Return all numbers, row by row."""
    return [number for row in rows for number in row]


def sum_text(window: Rows, kernel: Rows) -> str:
    """Write a sum of products with its numbers.

    >>> sum_text(((1, 2),), ((3, -4),))
    '1·3 + 2·(−4) = −5'
    """
    products = (
        f"{_factor(a)}·{_factor(b)}" for a, b in zip(flat(window), flat(kernel), strict=True)
    )
    return f"{' + '.join(products)} = {number_text(dot(window, kernel))}"


def _factor(value: Number) -> str:
    return f"({number_text(value)})" if value < 0 else number_text(value)


def stamped(
    rows: Rows, kernel: Rows, stride: int, combine: Callable[[Number, Number], Number]
) -> Rows:
    """Add copies of the kernel, times each number of a grid, `stride` pixels apart."""
    size = len(kernel)
    height, width = ((n - 1) * stride + size for n in (len(rows), len(rows[0])))
    out: list[list[Number]] = [[0] * width for _r in range(height)]
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            for i, weights in enumerate(kernel):
                for j, weight in enumerate(weights):
                    y, x = r * stride + i, c * stride + j
                    out[y][x] = combine(out[y][x], value * weight)
    return tuple(tuple(row) for row in out)
