import pytest

import kerascnn as kc
from kerascnn.plots import save_layer_table

pptx = pytest.importorskip("pptx")


def test_rows_go_on_over_slides_and_end_with_the_totals(tmp_path):
    described = kc.describe(kc.build_resnet20()).select(["layer", "output", "parameters"])
    deck = pptx.Presentation(save_layer_table(described, tmp_path / "table.pptx"))
    cells = described.cells()
    tables = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]
    assert len(tables) == len(deck.slides) > 1
    rows = [[cell.text for cell in row.cells] for table in tables for row in table.rows]
    assert [row for row in rows if row != cells.headings] == [*cells.rows, cells.totals]
    assert all([cell.text for cell in table.rows[0].cells] == cells.headings for table in tables)
    assert deck.slides[0].shapes.title.text == f"resnet20 (1/{len(tables)})"
    for table in tables:  # within the slide
        assert sum(column.width for column in table.columns) <= deck.slide_width
        assert sum(row.height for row in table.rows) <= deck.slide_height
        assert table.cell(1, 0).text_frame.paragraphs[0].runs[0].font.size.pt >= 9


def test_names_too_long_for_a_slide_are_refused(tmp_path):
    import keras

    long = keras.layers.Dense(1, name="x" * 300)
    model = keras.Sequential([keras.Input((2,)), long])
    with pytest.raises(ValueError, match="Choose fewer with columns"):
        save_layer_table(model, tmp_path / "table.pptx")
    assert not list(tmp_path.iterdir())
