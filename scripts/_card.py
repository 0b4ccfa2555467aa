"""Write the weights of a trained network, and the JSON card that describes their training."""

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import h5py
import keras

import kerascnn
from kerascnn.cli._verify import scores

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
    data_dir=None,
    preprocessing="unit",
    data,
    seed,
    seconds,
    input,
    licence="MIT",
    half=False,
):
    """Measure a model on its test images, once, and write `path`.weights.h5 and `path`.json.

    Args:
        path: Path of the files without extensions: `…/architecture_set`.
        model: The trained model; it is saved without its optimizer.
        result: The result of `kerascnn.train`.
        build: Arguments of the builder for this model.
        class_names: Class names, by index.
        tests: Names of data sets; tables show the first score on the test images of the first.
        command: The command that trained the model.
        measured_on: The file of the test images, if there are several with different pixels.
        data_dir: Directory with the files of the data sets.
        preprocessing: Name of the preprocessing that the model expects.
        data: Description of the training data.
        seed, seconds: Seed and running time of the training.
        input: Description of the input.
        licence: License of the weights.
        half: Whether to store the weights as float16; they are evaluated as stored.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = path.with_name(f"{path.name}.weights.h5")
    architecture = path.name.partition("_")[0].partition("-")[0]
    shipped = kerascnn.models.build(architecture, **build)  # has no optimizer
    shipped.set_weights(model.get_weights())
    shipped.save_weights(weights)
    pack(weights, half=half)
    kerascnn.weights.load(shipped, weights)
    found = {f"{name}_test": scores(shipped, preprocessing, name, data_dir) for name in tests}
    if all(list(each) == ["accuracy"] for each in found.values()):
        found = {"accuracy": {part: each["accuracy"] for part, each in found.items()}}
    else:
        found = {"scores": found}
    top = ("classes", "classifier_activation")
    bare = {name: value for name, value in build.items() if name not in top}
    bare = kerascnn.models.build(architecture, include_top=False, **bare)
    card = {
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "build": build,
        "class_names": class_names,
        "parameters": shipped.count_params(),
        "without_top": bare.count_params(),
        "input": input,
        "preprocessing": preprocessing,
        **found,
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


def pack(path, *, half=False):
    """Rewrite an HDF5 file with compressed arrays, in the compact layout of HDF5 1.10."""
    packed = path.with_suffix(".packed")
    with h5py.File(path) as file, h5py.File(packed, "w", libver="v110") as small:

        def kind(item):
            return "float16" if half and item.dtype == "float32" else item.dtype

        def copy(name, item):
            if isinstance(item, h5py.Dataset):
                options = {"compression": "gzip", "shuffle": True} if item.shape else {}
                new = small.create_dataset(name, data=item[()], dtype=kind(item), **options)
            else:
                new = small.require_group(name)
            new.attrs.update(item.attrs)

        small.attrs.update(file.attrs)
        file.visititems(copy)
    packed.replace(path)
