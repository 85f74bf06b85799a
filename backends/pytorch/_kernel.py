"""What computes the recurrent layers in PyTorch, seen by its profiler."""

from torch.profiler import profile

from backends._kernel import read, two_steps
from problems import Part, Problem


def kernel(problem: Problem, part: Part, *, seed: int) -> str:
    """Return what computes the recurrent layers of the problem's twin, e.g. "oneDNN LSTM".

    Read from the operations that ran in one step of training: what `aten::lstm` came down to, call
    by call.
    """
    from backends.pytorch import _engine  # which has this function among its own

    profiler = profile()  # of the GPU too, where there is one
    short, data, watch = two_steps(problem, part, begin=profiler.start, end=profiler.stop)
    fit = _engine.train(short, data, seed=seed, watch=watch)
    return read(profiler.events(), fit.weights())
