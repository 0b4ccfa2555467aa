"""Write the weights of a trained network, and the JSON card that says how they came to be."""

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import h5py
import keras

import kerascnn
from kerascnn.cli._verify import accuracy

SHIPPED = Path(kerascnn.__file__).parent / "weights" / "shipped"


def write_card(
    path,
    model,
    result,
    *,
    build,
    class_names,
    tests,
    command,
    measured_on=None,
    preprocessing="unit",
    data,
    seed,
    seconds,
    input,
    licence="MIT",
):
    """Measure a model on its test images, once, and write `path`.weights.h5 and `path`.json.

    Args:
        path: The files' path without the endings: `…/architecture_set`.
        model: The trained model; it is saved without an optimizer.
        result: What `kerascnn.train` gave.
        build: The builder's arguments that make such a model.
        class_names: Of class 0, 1, ….
        tests: Data sets; the test images of the first are those that tables show.
        command: The command that trained it.
        measured_on: The file of the test images, where a data set has others with other pixels.
        preprocessing: What brings images in [0, 1] to the model, by its name.
        data: What it was trained on, in words.
        seed, seconds: Of the training.
        input: What the model takes, in words.
        licence: Of the weights.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = path.with_name(f"{path.name}.weights.h5")
    architecture = path.name.rpartition("_")[0].partition("-")[0]
    shipped = kerascnn.models.build(architecture, **build)  # has no optimizer
    shipped.set_weights(model.get_weights())
    shipped.save_weights(weights)
    pack(weights)
    found = {f"{part.name}_test": accuracy(shipped, preprocessing, part) for part in tests}
    bare = {name: value for name, value in build.items() if name != "classes"}
    bare = kerascnn.models.build(architecture, include_top=False, **bare)
    card = {
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "build": build,
        "class_names": class_names,
        "parameters": shipped.count_params(),
        "without_top": bare.count_params(),
        "input": input,
        "preprocessing": preprocessing,
        "accuracy": found,
        **({"measured_on": measured_on} if measured_on else {}),
        "data": data,
        "command": command,
        "recipe": asdict(result.recipe) | {"augment": result.augment},
        "seed": seed,
        "best_epoch": result.best_epoch,
        "trained_on": {
            "date": datetime.now(UTC).date().isoformat(),
            **{package: version(package) for package in ("keras", keras.backend.backend())},
            "seconds": round(seconds),
        },
        "licence": f"{licence}, as the package",
    }
    path.with_name(f"{path.name}.json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")
    print(f"{path.name}: best epoch {result.best_epoch}, {seconds:.0f} s, {found}")


def pack(path):
    """Write an HDF5 file anew, its arrays compressed, in the compact layout of HDF5 1.10."""
    packed = path.with_suffix(".packed")
    with h5py.File(path) as file, h5py.File(packed, "w", libver="v110") as small:

        def copy(name, item):
            if isinstance(item, h5py.Dataset):
                options = {"compression": "gzip", "shuffle": True} if item.shape else {}
                new = small.create_dataset(name, data=item[()], **options)
            else:
                new = small.require_group(name)
            new.attrs.update(item.attrs)

        small.attrs.update(file.attrs)
        file.visititems(copy)
    packed.replace(path)
