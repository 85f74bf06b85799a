"""Compile tiers: by what means a framework runs a network. Imports no framework."""

EAGER, GRAPH, COMPILED = "eager", "graph", "compiled"
TIERS = (EAGER, GRAPH, COMPILED)
DEFAULT = "default"  # whichever a backend's users get without asking

# Backend: its tiers and what they are; the first is the default.
PYTORCH = {
    EAGER: "operation after operation; the whole of an LSTM is one",
    COMPILED: "torch.compile: the network as one graph, forward and backward, by Inductor; in "
    "training it takes an LSTM apart step by step, and has to be told to take it at all "
    "(allow_rnn): PyTorch 2.13 leaves a network with one as it is and does not say so",
}
KERAS = {
    "tensorflow": {
        GRAPH: "a graph (tf.function) without XLA: what jit_compile='auto' comes to on a CPU, and "
        "on a GPU where cuDNN computes a layer",
        COMPILED: "the graph through XLA, by jit_compile=True",
        EAGER: "operation after operation, by run_eagerly=True: for debugging",
    },
    "jax": {COMPILED: "the whole step through XLA, as jit_compile='auto' has it on JAX"},
    "torch": {
        EAGER: "operation after operation: what jit_compile='auto' comes to on PyTorch",
        COMPILED: "torch.compile of Keras's step, by jit_compile=True: in pieces, for a graph ends "
        "where the step goes backward",
    },
}

# Where compilers keep what they made, to find it again; XLA keeps nothing unless it is told to.
CACHES = ("TORCHINDUCTOR_CACHE_DIR", "TRITON_CACHE_DIR")
