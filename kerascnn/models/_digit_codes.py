"""The codes of the ten digits on LeNet-5's outputs (LeCun et al. 1998, Figure 3).

Pictures of 7x12 pixels, so that digits that look alike have codes that are alike; a bar over 0,
2, 4 and 5 tells them from letters. Black is 1, white is -1, where the squashing function is bent
the most (section II.B).
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
    """Read the pictures: ten rows of 84 numbers, 1 and -1."""
    for line_of_digits in FIGURE_3.strip().split("\n\n"):
        lines = [line.split() for line in line_of_digits.splitlines()]
        for digit in zip(*lines, strict=True):
            yield [1 if pixel == "#" else -1 for line in digit for pixel in line]


DIGIT_CODES = tuple(_codes())
