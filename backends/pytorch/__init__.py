"""The PyTorch panel: twins of the Keras programs in backends/keras/."""
