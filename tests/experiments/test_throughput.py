"""Images a second on each kind of device."""

from types import SimpleNamespace

import numpy as np
import pytest

import kerascnn as kc
from kerascnn.experiments import _throughput


def test_one_device_of_each_kind():
    names = ("CPU:0", "GPU:0", "GPU:1")
    devices = [SimpleNamespace(name=name) for name in names]
    assert [one.name for one in _throughput.first_of_each_kind(devices)] == ["CPU:0", "GPU:0"]
    assert [one.name for one in _throughput.first_of_each_kind(devices[:1])] == ["CPU:0"]


@pytest.mark.slow
def test_runs():
    result = kc.experiments.throughput(nets=("LeNet-5",), batch_size=8, steps=2, seeds=(0,))
    kinds = result["kinds"].tolist()
    assert kinds in (["CPU"], ["CPU", "GPU"])
    assert result["images_per_second"].shape == (2, 1, len(kinds), 1)
    assert np.all(result["images_per_second"] > 0)


@pytest.fixture(scope="module")
def record():
    return kc.experiments.recorded("throughput")


def test_the_record_has_the_shapes(record):
    nets, devices = list(_throughput.NETS), record["devices"].tolist()
    shape = (2, len(nets), len(devices), len(record.settings["seeds"]))
    assert record["images_per_second"].shape == shape
    assert record["nets"].tolist() == nets
    assert len(record["kinds"]) == len(devices)
    assert record["load"] >= 0
    assert record["cores"] >= 1


def test_inference_is_faster_than_training_and_small_nets_than_large_ones(record):
    speed = np.median(record["images_per_second"], axis=-1)  # (task, net, device)
    assert np.all(speed[1] > speed[0])
    assert np.all(speed[:, 0] > speed[:, 1:].max(axis=1))
