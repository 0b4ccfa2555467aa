"""How much a network's answers change by what its weights are coded in."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerascnn._copies import copied, set_weights

from ._graph import Arrays

PICTURES = 16  # of noise, where there are no samples


class Answers:
    """What a model gives for some pictures, with its own weights and with others.

    Args:
        model: it is not changed.
        arrays: of the page.
        inputs: an array for each input, as the network sees them.
    """

    def __init__(self, model: keras.Model, arrays: Arrays, inputs: list[np.ndarray]) -> None:
        self.copy = copied(model)
        self.own = model.get_weights()
        self.inputs = inputs
        self.position = {id(variable): nth for nth, variable in enumerate(model.weights)}
        self.sources = arrays.sources

    def change(self, exact: list[np.ndarray] | None, arrays: list[np.ndarray]) -> dict[str, Any]:
        """Compare the answers by weights with those by the arrays that stand for them.

        Args:
            exact: in the order of the model's weights; `None`: its own.
            arrays: as the page reads them.
        """
        exact = self.own if exact is None else exact
        read = list(exact)
        for source, array in zip(self.sources, arrays, strict=True):
            if id(source) in self.position:
                read[self.position[id(source)]] = array
        before, after = (self._outputs(weights) for weights in (exact, read))
        first = [each[0].reshape(-1, each[0].shape[-1]).argmax(axis=-1) for each in (before, after)]
        return {
            "largest_change": float(
                max(abs(b - a).max(initial=0) for b, a in zip(before, after, strict=True))
            ),
            "same_answer": float(np.mean(first[0] == first[1])),
            "pictures": len(self.inputs[0]),
        }

    def _outputs(self, weights: list[np.ndarray]) -> list[np.ndarray]:
        set_weights(self.copy, weights)
        outputs = self.copy(self.inputs if len(self.inputs) > 1 else self.inputs[0], training=False)
        return [np.asarray(each, "float32") for each in keras.tree.flatten(outputs)]
