"""What units see on several ways at once, against the hull of what each way sees."""

from hypothesis import given
from hypothesis import strategies as st

from kerascnn._describe.axis_fields import UNKNOWN, Look, all_of, joined
from kerascnn.arithmetic import ReceptiveField

SIZE, UNITS = 9, 4
SPANS = st.one_of(st.none(), st.tuples(st.integers(-2, 8), st.integers(0, 4)).map(
    lambda pair: (pair[0], pair[0] + pair[1])
))  # fmt: skip
MOVING = st.tuples(st.lists(SPANS, min_size=UNITS, max_size=UNITS), st.integers(-2, 6)).map(
    lambda given: Look(1, ReceptiveField.of_spans(*given))
)
FIXED = st.tuples(st.integers(-2, SIZE + 1), st.integers(-2, SIZE + 1)).map(
    lambda ends: Look(None, ReceptiveField.of_spans([(min(ends), max(ends))], 0))
)


def inside(span):
    """The part of a span within the image."""
    span = span and (max(span[0], 0), min(span[1], SIZE - 1))
    return span if span and span[0] <= span[1] else None


def hull(spans):
    spans = [span for span in spans if span]
    return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else None


@given(st.lists(st.one_of(MOVING, FIXED), min_size=1, max_size=3))
def test_ways_that_meet(looks):
    found = joined(looks, SIZE, (None, UNITS, 2))
    for unit in range(UNITS):
        expected = inside(hull(look.field.span(unit) for look in looks))
        assert inside(found.field.span(unit)) == expected
    # The padding counts too: the size is that of the unit that sees most.
    seen = [hull(look.field.span(unit) for look in looks) for unit in range(UNITS)]
    assert found.field.size == max(s[1] - s[0] + 1 if s else 0 for s in seen)


@given(MOVING)
def test_all_units_together(look):
    expected = hull(map(look.field.span, range(UNITS)))
    assert all_of(look, (None, UNITS, 2)).field.span(0) == expected


def test_what_cannot_be_told():
    one, whole = Look(1, ReceptiveField()), Look(None, ReceptiveField.of_spans([(2, 5)], 0))
    assert joined([one, UNKNOWN], SIZE, (None, 4, 4)) == UNKNOWN
    assert joined([one, one._replace(axis=2)], SIZE, (None, 4, 4)) == UNKNOWN  # along two axes
    assert joined([one, whole], None, (None, None, 4)) == UNKNOWN  # of an open size
    twice = Look(1, ReceptiveField().window(2, 2))
    assert joined([one, twice], SIZE, (None, None, 4)) == UNKNOWN  # they drift apart
    assert all_of(one, (None, None, 4)) == UNKNOWN
    assert all_of(whole, (None, 4)) == whole
