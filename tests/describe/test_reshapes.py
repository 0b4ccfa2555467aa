"""What is seen through a change of shape, against the values themselves, one by one."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from kerascnn._describe.axis_fields import UNKNOWN, Look
from kerascnn._describe.reshapes import regrouped
from kerascnn.arithmetic import ReceptiveField


def shapes_of(values):
    """All shapes that hold so many values, without axes of size 1, and with one."""
    if values == 1:
        return [()]
    sizes = [n for n in range(2, values + 1) if values % n == 0]
    return [(n, *rest) for n in sizes for rest in shapes_of(values // n)]


SHAPES = {
    values: [
        (None, *shape[:i], *one, *shape[i:])
        for shape in shapes_of(values)
        for i in range(len(shape) + 1)
        for one in ((), (1,))
    ]
    for values in (4, 6, 12, 16, 24)
}


@st.composite
def reshapes(draw):
    """Two shapes of as many values, an axis of the first, and what is seen along it."""
    shapes = st.sampled_from(SHAPES[draw(st.sampled_from([*SHAPES]))])
    shape, after = draw(shapes), draw(shapes)
    axis = draw(st.integers(1, len(shape) - 1))
    width, step = draw(st.integers(1, 3)), draw(st.integers(-2, 3))
    odd = draw(st.sets(st.integers(0, shape[axis] - 1), max_size=1))  # units that see nothing
    spans = [None if i in odd else (i * step, i * step + width) for i in range(shape[axis])]
    return shape, after, axis, ReceptiveField.of_spans(spans, step * shape[axis])


SQUARES = ReceptiveField().window(3, 2)


@given(reshapes())
@example(((None, 4, 3, 2), (None, 12, 2), 1, SQUARES))  # merged, the outer axis
@example(((None, 4, 3, 2), (None, 12, 2), 2, SQUARES))  # merged, the inner one
@example(((None, 12, 2), (None, 4, 3, 2), 1, SQUARES))  # taken apart: along two axes
@example(((None, 4, 1, 6), (None, 4, 6), 2, SQUARES))  # an axis of size 1 goes
@example(((None, 4, 6), (None, 4, 1, 6), 2, SQUARES))
@example(((None, 1, 1), (None, 1), 2, SQUARES))
@example(((None, 4, 3), (None, 2, 6), 1, SQUARES))
def test_units_see_what_their_values_saw(case):
    shape, after, axis, field = case
    at = np.indices(shape[1:])[axis - 1].reshape(after[1:])  # of each value, along the old axis
    look = regrouped(Look(axis, field), shape, after)
    if look.field is None:
        assert look == UNKNOWN
        # It moves along several axes: no single one tells what is seen.
        spans = np.vectorize(lambda i: str(field.span(i)))(at)
        assert not any(
            all(len(set(np.take(spans, u, a).ravel())) == 1 for u in range(n))
            for a, n in enumerate(at.shape)
        )
        return
    units = after[look.axis] if look.axis else 1
    for unit in range(units):
        mine = np.take(at, unit, look.axis - 1) if look.axis else at
        assert {field.span(i) for i in mine.ravel()} == {look.field.span(unit)}


def test_open_sizes():
    """What lies before or behind all that changes stays; of the rest nothing is known."""
    field = Look(1, SQUARES)
    assert regrouped(field, (None, 4, None, 3), (None, 4, None)).axis == 1
    assert regrouped(field._replace(axis=3), (None, None, 4, 3), (None, None, 3)).axis == 2
    assert regrouped(field._replace(axis=2), (None, 4, None, 3), (None, 4, None)) == UNKNOWN
    assert regrouped(field, (None, None, 4), (None, 8)) == UNKNOWN


def test_what_is_the_same_for_all_stays():
    whole = Look(None, ReceptiveField.of_spans([(0, 5)], 0))
    for look in (whole, UNKNOWN):
        assert regrouped(look, (None, 4, 3), (None, 12)) == look


def test_a_merged_axis_does_not_count_as_space():
    """Neighbours along it are neighbours in nothing else only while it is whole."""
    merged = regrouped(Look(1, SQUARES), (None, 4, 3), (None, 12))
    assert (merged.axis, merged.alone) == (1, False)
    back = regrouped(merged, (None, 12), (None, 4, 3))
    assert (back.axis, back.alone) == (1, True)
