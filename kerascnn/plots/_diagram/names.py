"""Names of layers, shortened for blocks and labels."""

from itertools import takewhile

NAME = 14  # maximum number of letters shown
LEAST = 3  # letters on each side of an ellipsis
BETWEEN = "_-/. "  # separators of words


def shortened(name: str, letters: int = NAME) -> str:
    """Shorten a long name: first the path of nested models, then the middle, between words.

    >>> shortened("mobile/block_1_expand"), shortened("mobile/block_13_expand")
    ('block_1_expand', 'block_13…expand')
    >>> shortened("left_branch/conv1"), shortened("a_name_of_many_more_letters")
    ('left_bra…/conv1', 'a_name_…letters')
    """
    name = " ".join(name.split())
    if len(name) <= letters:
        return name
    path, _slash, last = name.rpartition("/")
    room = letters - len(last) - 1
    if path and last and room >= LEAST:  # models may have layers of the same name
        return f"{path[:room]}…/{last}"
    name = last or name
    left_out = len(name) - letters
    if left_out <= 0:
        return name

    def worse(head: int) -> tuple[float, int]:
        cuts = _badness(name, head) + _badness(name, head + left_out)
        return cuts, abs(head - letters // 2)

    head = min(range(LEAST, letters - LEAST + 1), key=worse)
    return f"{name[:head]}…{name[head + left_out :]}"


def _badness(name: str, place: int) -> float:
    """Return how bad it is to cut a name at a place: worst within a number."""
    before, after = name[place - 1], name[place]
    if before in BETWEEN or after in BETWEEN:
        return 0
    if before.isdigit() and after.isdigit():
        return 2
    return 1 if before.isdigit() == after.isdigit() else 0.5


def beginning(names: list[str]) -> str:
    """Return the common prefix of all names, up to the end of a word.

    >>> beginning(["conv2_block1_1_conv", "conv2_block1_1_bn", "conv2_block1_out"])
    'conv2_block1'
    """
    shared = [same[0] for same in takewhile(lambda c: len(set(c)) == 1, zip(*names, strict=False))]
    return "".join(shared).rstrip("_-/ ")


def span_text(names: list[str]) -> str:
    """Return one text for the names of several layers.

    >>> span_text(["block1_conv1", "block1_conv2"]), span_text(["a", "b"]), span_text(["fc"])
    ('block1_conv1–2', 'a … b', 'fc')
    """
    if len(names) == 1:
        return names[0]
    first, last = names[0], names[-1]
    stem = first.rstrip("0123456789")
    if stem and last.startswith(stem) and last[len(stem) :].isdigit() and first != stem:
        return f"{first}–{last[len(stem) :]}"
    return f"{first} … {last}"
