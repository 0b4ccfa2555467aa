"""The target codes of the ten digits for LeNet-5's output layer (LeCun et al. 1998, Figure 3).

The codes are bitmaps of 7x12 pixels, so that similar digits have similar codes; a bar above 0, 2, 4
and 5 distinguishes them from letters. Black is 1 and white is -1, where the curvature of the
squashing function is highest (section II.B).
"""

FIGURE_3 = """
.#####.  ...##..  .#####.  #######  .#####.
.......  ..###..  .......  .....##  .......
..###..  .####..  .#####.  ....##.  .......
.##.##.  ...##..  ##...##  ...##..  .##..##
##...##  ...##..  #....##  ..####.  .##..##
##...##  ...##..  ....##.  .....##  ###..##
##...##  ...##..  ..###..  .....##  ##...##
##...##  ...##..  .##....  .....##  ##...##
.##.##.  ...##..  ##.....  ##...##  ##..###
..###..  .######  #######  .#####.  .######
.......  .......  .......  .......  .....##
.......  .......  .......  .......  .....##

.#####.  ..####.  #######  .#####.  .#####.
.......  .##....  .....##  ##...##  ##..###
#######  ##.....  .....##  ##...##  ##...##
##.....  ##.....  ....##.  ##...##  ##...##
##.....  ######.  ...##..  .#####.  ##..###
.####..  ###..##  ...##..  ##...##  .######
..####.  ##...##  ..##...  ##...##  .....##
.....##  ##...##  ..##...  ##...##  .....##
##...##  ###..##  ..##...  ##...##  ....##.
.#####.  .#####.  ..##...  .#####.  .####..
.......  .......  .......  .......  .......
.......  .......  .......  .......  .......
"""


def _codes():
    """Return the bitmaps as ten rows of 84 numbers, each 1 or -1."""
    for line_of_digits in FIGURE_3.strip().split("\n\n"):
        lines = [line.split() for line in line_of_digits.splitlines()]
        for digit in zip(*lines, strict=True):
            yield [1 if pixel == "#" else -1 for line in digit for pixel in line]


DIGIT_CODES = tuple(_codes())
