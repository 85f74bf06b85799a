"""The Keras panel: twins of the PyTorch programs in backends/pytorch/."""
