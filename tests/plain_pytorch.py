"""What one writes by hand in PyTorch, and nothing of ours but the data and the network.

`python tests/plain_pytorch.py PROBLEM EPOCHS SEED EXAMPLES` prints, as a line of JSON, the seconds
of each epoch after the first and the loss of the last batch. An epoch's seconds are those of
`backends.Fit.epoch_s`: batches gathered and trained on, without validation.
"""

import json
import sys
from importlib import import_module
from time import perf_counter

import torch
from torch import nn

import problems

LOSSES = {
    "cross_entropy": lambda logits, classes: nn.functional.cross_entropy(
        logits.flatten(0, 1), classes.flatten()
    ),
    "binary_cross_entropy": nn.functional.binary_cross_entropy_with_logits,
}


def main(name: str, epochs: int, seed: int, examples: int) -> None:
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    problem = problems.load(name)
    recipe, loss_of = problem.recipe, LOSSES[problem.recipe.loss.name]
    data = problem.draw(seed, {**recipe.examples, "train": examples})
    x, y = torch.from_numpy(data["train"].x), torch.from_numpy(data["train"].y)
    validation = [torch.from_numpy(array) for array in (data["validation"].x, data["validation"].y)]

    model = import_module(f"backends.pytorch.{name}").build(problem)
    optimizer = torch.optim.Adam(model.parameters(), recipe.learning_rate)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, recipe.schedule.factor or 1.0)

    epoch_s = []
    for _ in range(epochs):
        started = perf_counter()
        model.train()
        for batch in torch.randperm(len(x)).split(recipe.batch_size):
            loss = loss_of(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        epoch_s.append(perf_counter() - started)

        model.eval()
        with torch.inference_mode():
            loss_of(model(validation[0]), validation[1]).item()

    print(json.dumps({"epoch_s": epoch_s[1:], "train_loss": loss.item()}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
