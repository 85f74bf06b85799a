"""Weights of Keras that were stored in a file. What a file says of layers is not read."""

from pathlib import Path

import keras


def load(model: keras.Model, file: Path) -> None:
    """Load stored weights into a model that has its variables.

    Raises:
        ValueError: the model is a layer alone, or the weights are those of another model.
    """
    if not isinstance(model, keras.Model):
        raise ValueError(f"expected a keras.Model to load them, came a {type(model).__name__}")
    model.load_weights(file)
