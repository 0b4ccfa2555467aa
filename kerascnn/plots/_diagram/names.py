"""Names of layers, shortened for blocks and labels."""

from itertools import takewhile

NAME = 14  # maximum number of letters shown


def shortened(name: str, letters: int = NAME) -> str:
    """Replace the middle of a long name by an ellipsis.

    >>> shortened("a_name_of_many_more_letters")
    'a_name_…letters'
    """
    name = " ".join(name.split())
    if len(name) <= letters:
        return name
    return f"{name[: letters // 2]}…{name[len(name) - letters // 2 :]}"


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
