"""Layers computed by other means than the usual, as text: what test_kernel.py has looked at."""

# Echo by other means, and networks of another kind in its place. Prints labels by what was done.
BY_OTHER_MEANS = """
import json, sys
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
import problems
from backends import BACKENDS
from problems import Part

folder = BACKENDS[sys.argv[1]].folder
engine = BACKENDS[sys.argv[1]].engine()
engine.prepare(device="cpu", threads=1)
echo = problems.load("echo")
part = Part(echo.input.random(8, 0), echo.target.random(8, 1))

def look(means, context=nullcontext(), build=None):
    sys.modules[f"backends.{folder}.other"] = SimpleNamespace(build=lambda problem: build())
    problem = replace(echo, name="other") if build else echo
    with context:
        print(json.dumps([means, engine.kernel(problem, part, seed=0)]))
"""
PYTORCH = """
import torch
from torch import nn

class Network(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.layers, self.dense = nn.ModuleList(layers), nn.Linear(10, 10)
    def forward(self, x):
        for layer in self.layers:
            x, _ = layer(x)
        return self.dense(x[:, -1])

class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.dense = nn.Linear(20, 10)
    def forward(self, x):
        state = x[:, 0]
        for step in x.unbind(1):
            state = self.dense(torch.cat((step, state), 1)).tanh()
        return state

look("as it is")
look("mkldnn off", torch.backends.mkldnn.flags(enabled=False))
layers = {"batch_first": True}
look("two kinds", build=lambda: Network(nn.LSTM(10, 10, **layers), nn.GRU(10, 10, **layers)))
look("own loop", build=Loop)
look("no recurrent layer", build=Network)
"""
TENSORFLOW = """
from unittest.mock import patch
import keras
import tensorflow as tf
from keras import layers

def with_setting(kind, method, **setting):
    plain = getattr(kind, method)
    return patch.object(kind, method, lambda self, *a, **named: plain(self, *a, **named | setting))

look("as it is")
look("unrolled", with_setting(layers.LSTM, "__init__", unroll=True))
look("compiled", with_setting(keras.Model, "compile", jit_compile=True))

class Network(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense1, self.dense2 = layers.Dense(10), layers.Dense(10)
    def call(self, x):
        return self.dense2(self.dense1(x[:, 0]))

look("no recurrent layer", build=Network)
tf.config.run_functions_eagerly(True)
look("eager")
look("eager, no recurrent layer", build=Network)
"""
