"""Images that are read when they are asked for."""

import numpy as np
import pytest

from kerascnn.training import evaluate, train


class Disk:
    """Images as a folder gives them; notes what is read."""

    def __init__(self, images):
        self._images = images
        self.shape, self.dtype = images.shape, images.dtype
        self.read = []

    def __len__(self):
        return len(self._images)

    def __getitem__(self, rows):
        self.read.append(len(np.arange(len(self))[rows]))
        return self._images[rows]

    def __array__(self, *args, **kwargs):
        raise AssertionError("all images at once")


@pytest.fixture
def many(bars):
    """Some 200 images, on disk and in memory."""
    (images, labels), validation = bars
    images, labels = np.tile(images, (4, 1, 1, 1)), np.tile(labels, 4)
    return (images, labels), (Disk(images), labels), validation


def test_they_train_as_arrays_do_and_never_come_all_at_once(many, make_model, tmp_path):
    memory, disk, validation = many
    options = {"epochs": 2, "batch_size": 16, "verbose": 0}
    from_memory = train(make_model(), (memory, validation), **options)
    from_disk = train(make_model(), (disk, validation), run_dir=tmp_path, **options)
    assert from_disk.history == from_memory.history
    assert max(disk[0].read) <= 64
    assert evaluate(make_model(), disk).count == 200
    train(make_model(), (disk, validation), run_dir=tmp_path, **options)  # the same run
    other = (Disk(memory[0] / 2), disk[1])
    with pytest.raises(ValueError, match="holds another run: data is"):
        train(make_model(), (other, validation), run_dir=tmp_path, **options)


def test_some_are_looked_at_before_the_first_step(many, make_model):
    (images, labels), _, validation = many
    with pytest.raises(ValueError, match="must be float in"):
        train(make_model(), ((Disk(255 * images), labels), validation), batch_size=16)
    with pytest.raises(ValueError, match="labels must lie in"):
        train(make_model(), ((Disk(images), labels + 1), validation), batch_size=16)
