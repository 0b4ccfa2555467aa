"""model.json: the network of a run, so that its weights can be loaded without its code."""

import json
from pathlib import Path

import keras

from kerascnn._files import write_atomically

MODEL = "model.json"


def write_model(model: keras.Model, directory: Path) -> None:
    """Write the description of a model into a run directory, unless it exists.

    A model that Keras cannot describe, such as a subclass of `keras.Model` without a
    `get_config`, is left out; its weights can then only be loaded with its code.
    """
    path = directory / MODEL
    if path.exists():
        return
    try:
        config = keras.saving.serialize_keras_object(model)
        config.pop("compile_config", None)  # config.json contains the recipe
        text = json.dumps(config)
    except Exception:  # a user's layer may fail in any way
        return
    write_atomically(path, (text + "\n").encode())
