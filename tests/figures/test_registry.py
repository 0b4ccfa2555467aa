"""The registry: figures in teaching order, and which rows of the course they show."""

from pathlib import Path

import pytest

import kerascnn as kc
from kerascnn.figures import _registry

PAGE = Path(__file__).parents[2] / "docs" / "course-map.md"
COUNTS = {"A": 15, "B": 19, "C": 8, "D": 15, "E": 9, "F": 10}  # rows of each section


def test_the_course_is_complete_and_in_order():
    expected = [f"{letter}{n}" for letter, count in COUNTS.items() for n in range(1, count + 1)]
    assert list(kc.figures.ROWS) == expected
    assert list(kc.figures.SECTIONS) == list(COUNTS)


def test_figures_are_in_teaching_order():
    figures = kc.figures.lecture_figures()
    rows = list(kc.figures.ROWS)
    places = [rows.index(one.rows[0]) for one in figures.values()]
    assert places == sorted(places)
    assert [one.section for one in figures.values()] == [rows[place][0] for place in places]
    # Of one row: as they stand in their file.
    of_b17 = [name for name, one in figures.items() if one.rows[0] == "B17"]
    assert of_b17[:3] == ["dilation", "transposed-convolution", "checkerboard"]


def test_the_page_is_that_of_the_registry():
    """`kerascnn figures --map > docs/course-map.md` writes it."""
    assert PAGE.read_text("utf-8") == kc.figures.course_map()


def test_each_row_has_a_line_with_its_figures():
    lines = [line.split("|") for line in kc.figures.course_map().splitlines()]
    cells = {line[1].strip(): line[2].strip() for line in lines if len(line) == 5}
    assert [row for row in cells if row in kc.figures.ROWS] == list(kc.figures.ROWS)
    for row in kc.figures.ROWS:
        shown = {one.name for one in kc.figures.lecture_figures().values() if row in one.rows}
        assert set(filter(None, cells[row].split(", "))) == shown


@pytest.mark.parametrize("section", ["C", "c", "Pooling", "pooling"])
def test_a_section_has_its_figures(section):
    names = kc.figures.names(section)
    assert names[:2] == ["max-pooling", "average-pooling"]
    assert "stride" not in names


def test_sections_go_by_their_translated_names():
    from kerascnn._text import language

    with language("es"):
        assert kc.figures.names("submuestreo") == kc.figures.names("C")


@pytest.mark.parametrize("section", ["G", "Convolutions", "", "B1"])
def test_unknown_sections_are_refused(section):
    with pytest.raises(ValueError, match=r"section must be one of 'A \(From pixels"):
        kc.figures.names(section)


def two_rows():
    """A figure for the tests."""


def test_a_figure_has_the_section_of_its_first_row(monkeypatch):
    monkeypatch.setattr(_registry, "_figures", {})
    kc.figures.figure(title="Two", alt="Two.", rows=("C4", "B5"))(two_rows)
    assert _registry._figures["two-rows"].section == "C"


@pytest.mark.parametrize("rows", [(), "B1", ["B1"], None])
def test_rows_are_a_tuple(rows):
    with pytest.raises(TypeError, match="rows must be a tuple of one or more"):
        kc.figures.figure(title="Two", alt="Two.", rows=rows)


def test_rows_must_be_those_of_the_course():
    with pytest.raises(ValueError, match=r"row must be one of .* received 'B20'. Did you mean 'B2"):
        kc.figures.figure(title="Two", alt="Two.", rows=("B1", "B20"))
