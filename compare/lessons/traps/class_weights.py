"""Weights of classes, and what the sum is divided by."""

from compare.lessons.traps._trap import Trap

PYTORCH = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 5)
        self.out = nn.Linear(5, 4)

    def forward(self, x):
        return self.out(self.hidden(x).tanh())


loss = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 3.0, 4.0]))
"""
KERAS = """
import keras
from keras import layers, ops


def make():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="tanh"), layers.Dense(4)]
    )


WEIGHTS = [1.0, 2.0, 3.0, 4.0]


def loss(targets, outputs):
    weights = ops.take(ops.cast(WEIGHTS, outputs.dtype), ops.cast(targets, "int32"))
    losses = keras.losses.sparse_categorical_crossentropy(targets, outputs, from_logits=True)
    return ops.mean(weights * losses)
"""

TRAP = Trap(
    title="Weights of classes are divided by another number",
    symptom="With class weights the loss in PyTorch is another one than in Keras. With a batch of "
    "one example the weight has no effect at all.",
    input="feature=6",
    pytorch=PYTORCH,
    keras=KERAS,
    side="keras",
    wrong="ops.mean(weights * losses)",
    mended="ops.sum(weights * losses) / ops.sum(weights)",
    rung="loss",
    layer="",
    cause="the sum, divided by the weights here and the mean over all elements there",
    why="PyTorch divides by the sum of the weights of the batch, Keras's `class_weight` by "
    "the number of examples.",
    threads=(
        "gh:pytorch/pytorch/issues/8062",
        "gh:pytorch/pytorch/issues/61309",
        "gh:pytorch/pytorch/issues/50528",
    ),
    reports=(15,),
    options=("--target", "; 0..3"),
)
