"""Sizes: the problem that a run is about, as large as the run asks for."""

from dataclasses import replace

import problems
from compare.records.record import SWEEP, Run
from problems._problem import Problem

EPOCHS = 4  # of a training that is timed at a size; the first, with tracing, does not count
STEPS = 8  # in such an epoch, at least


def definition(run: Run) -> Problem:
    """Return the problem that a run is about, with the recipe and the sizes that it asks for."""
    problem = problems.load(run.problem, quick=run.recipe != "full")
    problem = problem.scaled(batch_size=run.batch_size, unit=run.unit)
    return timed(problem) if run.recipe == SWEEP else problem


def timed(problem: Problem) -> Problem:
    """Return the problem with a recipe to be timed by: EPOCHS epochs of whole batches.

    They have as many examples as the recipe, less what would be a partial batch, and at least
    STEPS batches.
    """
    recipe = problem.recipe
    steps = max(STEPS, recipe.examples["train"] // recipe.batch_size)
    examples = {**recipe.examples, "train": steps * recipe.batch_size}
    return replace(problem, recipe=replace(recipe, epochs=EPOCHS, examples=examples))
