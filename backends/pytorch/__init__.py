"""The PyTorch panel: twins of the Keras programs in backends/keras/."""

from problems import _project

__path__ = _project.places("backends.pytorch", __path__)
