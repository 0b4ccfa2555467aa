"""How lines stand under figures."""

import pytest

from kerascnn.figures import _drawing


@pytest.mark.parametrize("before", range(80, 130))
def test_no_line_ends_within_an_equation(before):
    lines = _drawing._wrap("a" * (before - 40) + " " + "b" * 39 + " n = 5, k = 2")
    assert " ".join(lines).endswith(" n = 5, k = 2")
    assert not any(line.endswith(("n", "k", "=")) for line in lines)
