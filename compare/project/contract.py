"""The rules that every problem keeps: `diptych test` tries them on a project, the tests on all.

A rule is a function of a problem's name that raises ValueError where it is broken. None of them
imports a framework: whether two programs are one model is what `diptych check` says.
"""

from collections.abc import Callable, Iterator
from math import sqrt

import numpy as np

import problems
from problems import Array, Arrays, Metric, Problem, count, mapped, named, of_output

SEED, OTHER_SEED = 5, 6
STATED = 5e-4  # as many digits of a score are stated
Rule = Callable[[str], None]


def broken(name: str) -> Iterator[tuple[str, str]]:
    """Yield the rules that a problem breaks, and how."""
    for rule in RULES:
        try:
            rule(name)
        except Exception as error:  # a problem's own functions raise what they like
            what = " ".join(f"{type(error).__name__}: {error}".split())
            yield told(rule), what.removeprefix("ValueError: ")


def told(rule: Rule) -> str:
    """Return a rule in words: its function's name."""
    return rule.__name__.replace("_", " ")


def the_same_seed_draws_the_same(name: str) -> None:
    """The same seed draws the same data, another seed others, unless all have the same."""
    problem = problems.load(name, quick=True)
    first, again, other = (problem.make_data(seed) for seed in (SEED, SEED, OTHER_SEED))
    for part in first:
        for what in ("x", "y"):
            one, two, three = (getattr(of[part], what) for of in (first, again, other))
            if not _same(one, two):
                raise ValueError(
                    f"{part}: {what}: expected the same from the same seed, came others"
                )
            if what == "x" and _same(one, three) != problem.fixed:
                came = "others" if problem.fixed else "the same"
                expected = "the same, for they are fixed," if problem.fixed else "others"
                raise ValueError(f"{part}: x: expected {expected} from another seed, came {came}")


def data_have_the_sizes_of_the_recipe(name: str) -> None:
    """Both recipes get the parts they ask for, as large; validation is not the test over again."""
    for quick in (False, True):
        problem = problems.load(name, quick=quick)
        data = problem.make_data(0)  # which checks every part against the specs and the sizes
        lacking = {"train", "validation", "test", *(one.part for one in problem.metrics)} - {*data}
        if lacking:
            raise ValueError(f"expected the part {min(lacking)}, came {', '.join(data)}")
        held_out, test = data["validation"].x, data["test"].x
        n = min(count(held_out), count(test))
        if _same(_first(n, held_out), _first(n, test)):
            raise ValueError(
                "validation: expected other examples than those of the test, came those"
            )


def the_reference_scores_what_is_stated(name: str) -> None:
    """The reference, if there is one, has the score that each metric says."""
    problem = problems.load(name, quick=True)
    if problem.reference is None:
        return
    parts = problem.make_data(3)
    answers = problem.ask(problem.reference, parts)
    for metric in problem.metrics:
        score = problem.measured(metric, answers[metric.name], parts[metric.part])
        stated = problem.reference_score(metric)
        assert stated is not None
        # A floor above 0 is a mean over the distribution, so a sample of it only comes near.
        near = 0.05 * metric.best if metric.better == "lower" else 0.0
        near = STATED if metric.reference is not None else near
        if abs(score - stated) > near + 1e-6:
            raise ValueError(f"{metric.name}: reference: expected {stated:.4g}, came {score:.4g}")
        if _sign(metric) * (stated - metric.baseline) < 0:
            raise ValueError(
                f"{metric.name}: expected a reference no worse than the baseline, "
                f"{metric.baseline:g}, came {stated:g}"
            )


def the_trivial_answer_scores_the_baseline(name: str) -> None:
    """The constant answer of each metric has the score that is stated as its baseline."""
    problem = problems.load(name)
    parts = problem.make_data(0)
    for metric in problem.metrics:
        part = parts[metric.part]
        expected = of_output(problem.output, metric.of).shape
        if metric.trivial.shape != expected:
            raise ValueError(
                f"{metric.name}: trivial: expected {expected}, came {metric.trivial.shape}"
            )
        score = problem.measured(metric, metric.ask(_constant(problem, metric), part.x), part)
        near = 0.04 * metric.baseline + 1e-6
        if metric.better == "higher" and 0 <= metric.baseline <= 1:  # a share of examples
            near = 4 * sqrt(metric.baseline * (1 - metric.baseline) / count(part.x)) + 1e-6
        if not abs(score - metric.baseline) < near:
            raise ValueError(
                f"{metric.name}: baseline: expected the score of the trivial answer, {score:.4g}, "
                f"came {metric.baseline:.4g}"
            )


def the_target_lies_between_baseline_and_best(name: str) -> None:
    """A metric's target is better than its baseline, and no better than what is best."""
    for metric in problems.load(name).metrics:
        sign = _sign(metric)
        target = metric.best if metric.target is None else metric.target
        if not sign * metric.baseline < sign * target <= sign * metric.best:
            raise ValueError(
                f"{metric.name}: target: expected one between the baseline, {metric.baseline:g}, "
                f"and the best, {metric.best:g}, came {target:g}"
            )


def layers_have_shapes_at_every_size(name: str) -> None:
    """Each named layer has a shape, at the problem's own width and at another, if it has one."""
    problem = problems.load(name)
    others = [problem.scaled(unit=6)] if problem.widen else []
    for one in (problem, problem.scaled(batch_size=7), *others):
        for layer in one.layers:
            if not all(size > 0 for size in one.layer_shape(layer, batch=2)):
                raise ValueError(f"layers: {layer}: expected sizes above 0")


RULES: tuple[Rule, ...] = (
    the_same_seed_draws_the_same,
    data_have_the_sizes_of_the_recipe,
    the_reference_scores_what_is_stated,
    the_trivial_answer_scores_the_baseline,
    the_target_lies_between_baseline_and_best,
    layers_have_shapes_at_every_size,
)


def _constant(problem: Problem, metric: Metric) -> Callable[[Arrays], Arrays]:
    """Return what gives a metric's trivial answer to any input."""

    def answer(x: Arrays) -> Arrays:
        n = count(x)
        found: Array = np.broadcast_to(metric.trivial, (n, *metric.trivial.shape))
        if metric.of is None:
            return found
        blank = {name: np.zeros((n, *spec.shape)) for name, spec in named(problem.output).items()}
        return {**blank, metric.of: found}

    return answer


def _first(n: int, arrays: Arrays) -> Arrays:
    found: Arrays = mapped(lambda array: array[:n], arrays)
    return found


def _same(one: Arrays, other: Arrays) -> bool:
    return all(named(mapped(np.array_equal, one, other)).values())


def _sign(metric: Metric) -> int:
    return 1 if metric.better == "higher" else -1
