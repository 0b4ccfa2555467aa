"""The checks of arguments that all parts share."""

import numpy as np
import pytest

from kerascnn._checks import check_choice, check_count, check_number, check_pair, check_range


def test_whole_numbers_are_python_ints_of_any_kind_but_not_truth_values():
    count = check_count("n", np.int64(3))
    assert count == 3
    assert type(count) is int
    for wrong in (True, 3.0, np.float32(3), "3", None, 0):
        with pytest.raises(ValueError, match=r"^n must be a whole number of at least 1; received"):
            check_count("n", wrong)


def test_one_number_stands_for_two():
    assert check_pair("size", np.int32(4)) == (4, 4)
    assert check_pair("size", np.array([4, 5])) == check_pair("size", [4, 5]) == (4, 5)
    for wrong in ((4,), (4, 5, 6), (4, 0), (4, True), "45", None):
        with pytest.raises(ValueError, match=r"^size must be a whole number of .*, or two"):
            check_pair("size", wrong)


def test_numbers_have_bounds_and_are_finite():
    assert check_number("rate", np.float32(0.5), below=1) == 0.5
    assert check_number("rate", 1, high=1) == 1.0
    for wrong in (-1, np.nan, np.inf, True, "1", None):
        with pytest.raises(ValueError, match=r"rate must be a number of at least 0; received"):
            check_number("rate", wrong)
    with pytest.raises(ValueError, match=r"from 0 to 1; received 1.5"):
        check_number("rate", 1.5, high=1)
    with pytest.raises(ValueError, match=r"of at least 0 and below 1; received 1"):
        check_number("rate", 1, below=1)


def test_a_range_is_two_numbers_the_smaller_one_first():
    assert check_range("input_range", np.array([0, 255])) == (0.0, 255.0)
    for wrong in (255, (0, 1, 2), (1, 0), (1, 1), (0, np.inf), (False, True), "01", None):
        with pytest.raises(ValueError, match=r"^input_range must be two numbers, one for black"):
            check_range("input_range", wrong)


def test_a_choice_is_a_name():
    check_choice("kind", "a", {"a": 1})
    for wrong in ("b", None, ["a"], 1):
        with pytest.raises(ValueError, match=r"kind must be one of 'a'; received"):
            check_choice("kind", wrong, {"a": 1})
