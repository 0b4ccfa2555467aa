"""The network of a run without its weights, so that these can be loaded without its code."""

import json
from pathlib import Path

import keras

from kerascnn._files import write_atomically

MODEL = "model.json"


def write_model(model: keras.Model, directory: Path) -> None:
    """Write what a model is into a run directory, unless it is there.

    A model that Keras cannot describe, such as a subclass of `keras.Model` without a
    `get_config`, is left out: then the weights need its code.
    """
    path = directory / MODEL
    if path.exists():
        return
    try:
        config = keras.saving.serialize_keras_object(model)
        config.pop("compile_config", None)  # the recipe stands in config.json
        text = json.dumps(config)
    except Exception:  # a layer of the user's may fail in any way
        return
    write_atomically(path, (text + "\n").encode())
