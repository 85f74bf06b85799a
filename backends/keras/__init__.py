"""The Keras panel: twins of the PyTorch programs in backends/pytorch/.

Five files know Keras's engines by name: _device.py, _float64.py, _kernel.py, _tier.py and
_together.py.
"""

from problems import _project

__path__ = _project.places("backends.keras", __path__)
