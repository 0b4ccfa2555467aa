"""docs/your-own-model.md: its code runs, from a folder of PNG files to a fine-tuned network."""

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

PAGE = Path(__file__).parent.parent / "docs" / "your-own-model.md"


@pytest.mark.slow
def test_the_engineers_way(monkeypatch, tmp_path):
    """With a dark spot in each picture of a dent."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("dent", "good"):
        Path("parts", name).mkdir(parents=True)
        for nth in range(20):
            picture = rng.integers(150, 255, (40, 48, 3), dtype=np.uint8)
            if name == "dent":
                y, x = rng.integers(5, 25, 2)
                picture[y : y + 12, x : x + 12] //= 4
            Image.fromarray(picture).save(f"parts/{name}/{nth:03}.png")
    names = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL):
        exec(block, names)
        plt.close("all")
    assert names["data"].class_names == ("dent", "good")
    assert names["result"].count == 8
    assert {*names["maps"]["grad_cam"].shape[:1]} == {2}
    learn = {weight.path.split("/")[-2] for weight in names["tuned"].trainable_weights}
    assert "block_13_expand" in learn
    assert "Conv1" not in learn
    assert not any("BN" in name for name in learn)
    assert Path("fine", "best.weights.h5").exists()
