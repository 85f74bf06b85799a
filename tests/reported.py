"""What people have reported of a model in Keras and in PyTorch, and the pairs that hold it.

The reports are those of 65 that could not be written down as a problem and its programs when they
were collected. Each has a wrong pair, as it was reported, and one that is right, both from the
tables of other tests. `python tests/reported.py` writes docs/reports.md.
"""

from collections.abc import Iterator
from typing import NamedTuple

import dropout_ports
import ladder_faults
import layer_ports
import layer_wrong_ports
import loss_faults
import loss_pairs
import optimizers
import pairs
import reported_ports
import right_ports
import several
import wrong_ports

import problems
from compare.lessons.traps._trap import address
from compare.processes.machine import ROOT

PAGE = ROOT / "docs" / "reports.md"
COLLECTED = 65  # reports in all


class Report(NamedTuple):
    """A report that can be written as a pair: its wrong and right pairs as "table: name"."""

    number: int  # in the list of all
    title: str
    threads: tuple[str, ...]  # see `address`
    cause: str
    wrong: tuple[str, ...]
    right: tuple[str, ...] = ()  # beside those that the wrong ones are planted into
    lacking: str = ""  # what of it cannot be written yet


class Unwritten(NamedTuple):
    """A report that no pair can hold, and why."""

    number: int
    title: str
    threads: tuple[str, ...]
    why: str


# Table, by the file that has it: its entries by name.
WRONG = {
    "wrong_ports": wrong_ports.WRONG,
    "layer_wrong_ports": layer_wrong_ports.LAYERS_WRONG,
    "dropout_ports": dropout_ports.WRONG_DROPOUT,
    "reported_ports": reported_ports.REPORTED_WRONG,
    "ladder_faults": {fault.what: fault for fault in ladder_faults.FAULTS},
    "loss_faults": {fault.what: fault for fault in loss_faults.FAULTS},
    "several": {fault.what: fault for fault in several.FAULTS},
    "optimizers": optimizers.FAULTS,
}
RIGHT = {
    "right_ports": right_ports.RIGHT,
    "layer_ports": layer_ports.LAYERS_RIGHT,
    "dropout_ports": dropout_ports.RIGHT_DROPOUT,
    "reported_ports": reported_ports.REPORTED_RIGHT,
    "pairs": pairs.PAIRS,
    "loss_pairs": loss_pairs.PAIRS,
    "several": several.PAIRS,
    "optimizers": optimizers.RECIPES,
    "problems": dict.fromkeys(problems.names()),
}
PORTS = ("test_ports", "test_a_right_port_passes", "test_a_wrong_port_is_found_for_its_reason")
LADDER = (
    "test_ladder",
    "test_every_kind_of_layer_trains_the_same_in_float64",
    "test_a_planted_fault_is_found_on_its_rung",
)
LOSSES = (
    "test_losses",
    "test_every_kind_of_loss_passes_the_ladder",
    "test_a_wrong_loss_is_found_on_its_rung",
)
# Table: the file of its tests; of its right pairs, and of its wrong ones.
TESTS = {
    "right_ports": PORTS,
    "wrong_ports": PORTS,
    "layer_ports": PORTS,
    "layer_wrong_ports": PORTS,
    "dropout_ports": PORTS,
    "reported_ports": PORTS,
    "pairs": LADDER,
    "problems": ("test_ladder", "test_the_ladder_holds_for_every_problem", ""),
    "ladder_faults": LADDER,
    "loss_pairs": LOSSES,
    "loss_faults": LOSSES,
    "several": ("test_several", "test_a_pair_trains_the_same", "test_a_fault_is_found_on_its_rung"),
    "optimizers": (
        "test_optimizers",
        "test_an_optimizer_trains_the_same_on_both_sides",
        "test_a_planted_fault_is_found_in_its_step",
    ),
}
REPORTS = (
    Report(5, "A regression is four times as wrong", ("disc:160720",),
           "outputs (n, 1) less targets (n,) are (n, n) in PyTorch; Keras takes the axis away",
           ("loss_faults: outputs (n, 1) against targets (n,), which makes (n, n)",)),
    Report(11, "A weight decay taken over as an L2 penalty",
           ("https://bbabenko.github.io/weight-decay",),
           "Keras's `l2(a)` has the gradient 2 a w, PyTorch's `weight_decay=a` has a w",
           ("optimizers: a penalty twice as large", "optimizers: a coupled decay",
            "wrong_ports: a regularizer on one side")),
    Report(12, "AdamW decays far more in one library",
           ("gh:tensorflow/addons/issues/2282", "gh:FluxML/Optimisers.jl/issues/182",
            "gh:keras-team/keras/issues/19051"),
           "the decay is not multiplied by the learning rate",
           ("optimizers: a decay without the rate",)),
    Report(13, "RMSprop of a TensorFlow paper does not train in PyTorch",
           ("gh:pytorch/pytorch/issues/23796", "gh:DLR-RM/stable-baselines3/pull/110"),
           "epsilon inside the root in Keras, outside in PyTorch; rho 0.9 and 0.99",
           ("optimizers: epsilon inside the root", "optimizers: another rho")),
    Report(14, "Clipping by a norm clips otherwise",
           ("gh:tensorflow/tensorflow/issues/36001", "gh:tensorflow/tensorflow/issues/29108",
            "gh:keras-team/keras/issues/13575"),
           "Keras's `clipnorm` is of each variable, PyTorch's `clip_grad_norm_` of all together",
           ("optimizers: each norm for that of all", "optimizers: the norm of all for each")),
    Report(15, "Class weights without effect, or another loss",
           ("gh:pytorch/pytorch/issues/8062", "gh:pytorch/pytorch/issues/61309",
            "gh:pytorch/pytorch/issues/50528"),
           "PyTorch divides by the sum of the weights, Keras by the number of examples",
           ("loss_faults: the number of elements for the sum of the weights",)),
    Report(19, "Weights of a GRU moved one to one give other outputs",
           ("disc:6630", "gh:keras-team/keras/issues/15915"),
           "the gates have another order, and the reset comes before or after the product",
           ("layer_wrong_ports: a GRU that resets after the product",
            "layer_wrong_ports: gates of a GRU by hand in another order",
            "ladder_faults: the gates of a GRU in Keras's order"),
           ("layer_ports: cells, and a GRU by hand",)),
    Report(21, "`fit` and `evaluate` tell two losses of the same rows",
           ("gh:keras-team/keras/issues/6977",),
           "one is a mean while weights change, with dropout and batch statistics; one is not",
           ("ladder_faults: an epoch's loss asked for at its end, for the mean over its batches",
            "ladder_faults: no eval() before validation", "dropout_ports: dropout left on"),
           ("dropout_ports: one dropout used twice, for two",)),
    Report(26, "An LSTM is 25 times slower with recurrent dropout",
           ("gh:tensorflow/tensorflow/issues/38236",),
           "it leaves the fused kernel; dropout of the input instead is another model",
           ("dropout_ports: the rates of a recurrent layer exchanged",
            "dropout_ports: one mask for all gates"),
           ("reported_ports: recurrent dropout",),
           "that it is slower is no finding of the check; a run shows it as a time, and the "
           "column `kernel` what computed it"),
    Report(27, "The padding of an embedding is not the same zero",
           ("https://minibatchai.com/nlp/2021/06/22/Embedding.html",),
           "PyTorch keeps the row at 0 and out of training; Keras masks steps, the row is random",
           ("wrong_ports: an entry for padding on one side",
            "several: padded steps in the loss"),
           ("right_ports: an entry for padding",)),
    Report(28, "Outputs at padded steps differ", ("gh:tensorflow/tensorflow/issues/49241",),
           "Keras repeats the last output on a CPU, a packed sequence of PyTorch's has 0 there",
           ("reported_ports: padded steps that are 0 here and repeated there",
            "several: a sequence that is not packed"),
           ("several: every_step", "right_ports: a packed sequence")),
    Report(29, "An attention of eight heads has eight times the weights",
           ("gh:keras-team/keras/issues/18373",),
           "`key_dim` is of each head in Keras, `embed_dim` of all in PyTorch",
           ("layer_wrong_ports: key_dim for the whole of it",
            "layer_wrong_ports: packed projections in another order"),
           ("layer_ports: attention",)),
    Report(30, "A score too good to be true: a mask upside down",
           ("gh:tensorflow/text/pull/894", "gh:braindecode/braindecode/pull/902"),
           "True lets through in Keras and shuts out in PyTorch",
           ("layer_wrong_ports: a mask upside down",), ("layer_ports: attention",)),
    Report(36, "Momentum after a drop of the learning rate",
           ("gh:pytorch/pytorch/issues/1099", "gh:jax-ml/jax/pull/1528",
            "gh:cjlin1/simpleNN/issues/7"),
           "Keras keeps the rate in the momentum, so that a new one acts late",
           ("optimizers: the rate in the momentum",)),
    Report(38, "A schedule that ends too late or too soon",
           ("gh:mindee/doctr/pull/374", "gh:crowsonkb/k-diffusion/issues/50",
            "gh:goodfire-ai/spd/issues/642"),
           "Keras counts steps, `step()` is often called once per epoch; or it is off by one",
           ("optimizers: a schedule that counts epochs", "optimizers: a rate one step early",
            "optimizers: a rate one step late")),
    Report(39, "`decay=` is no weight decay", ("https://coderapp.vercel.app/answer/77040428",),
           "older Keras divides the learning rate by 1 + decay x step, and leaves weights alone",
           ("optimizers: a decay of the rate for one of the weights",)),
    Report(40, "A score changes with the library that resizes images",
           ("gh:mlcommons/inference/issues/201",
            "gh:shift-happens-benchmark/icml-2022/pull/62"),
           "one smooths before it leaves pixels out, the other does not",
           ("reported_ports: an image made smaller, smoothed on one side",),
           ("reported_ports: an image made smaller",),
           "what is done to files before there is an array"),
    Report(41, "Models of Keras score below what was published",
           ("gh:cgnorthcutt/benchmarking-keras-pytorch/pull/5",
            "gh:keras-team/keras/issues/8916"),
           "pixels were scaled as for a network of another family",
           ("reported_ports: pixels scaled as for another network",),
           ("right_ports: rescaled bytes", "right_ports: constants of a layer, and hard_sigmoid"),
           "as of 40: files are read before a problem has them"),
    Report(43, "A transposed convolution is shifted by one",
           ("gh:keras-team/keras-core/issues/774", "gh:keras-team/keras/pull/22876",
            "gh:Samsung/TICO/issues/420"),
           "Keras's \"same\" cuts the end of the output, PyTorch's `padding` both sides",
           ("layer_wrong_ports: the wrong side of a transposed convolution",
            "layer_wrong_ports: padding and output_padding of a transposed convolution"),
           ("layer_ports: layers of images",)),
    Report(44, "When is the state of an LSTM reset?", ("so:43882796",),
           "before each batch in Keras, unless it is stateful; by hand in PyTorch, or at random",
           ("wrong_ports: a state that Keras keeps from batch to batch",
            "wrong_ports: a state that is kept", "ladder_faults: a random initial state"),
           ("right_ports: time first", "right_ports: a state that starts another layer"),
           "a training that carries the state from batch to batch on both sides"),
    Report(45, "The dropout of a recurrent layer is not the same thing",
           ("gh:pytorch/pytorch/issues/5985",),
           "of the input, one mask for all steps, in Keras; between stacked layers in PyTorch",
           ("dropout_ports: the dropout of a single layer, which has none",
            "dropout_ports: a mask for each step for one mask",
            "dropout_ports: dropout after the last stacked layer, too"),
           ("dropout_ports: the dropout of a recurrent layer",
            "dropout_ports: dropout between stacked layers")),
    Report(46, "A loss that is a mean already is divided by the batch",
           ("gh:pierluigiferrari/ssd_keras/issues/185",),
           "a loss of one's own divides, and `fit` takes the mean once more",
           ("loss_faults: a loss divided by the batch before its mean is taken",
            "ladder_faults: a sum for a mean")),
    Report(47, "Two definitions of label smoothing",
           ("gh:k2-fsa/icefall/issues/107", "gh:pytorch/pytorch/issues/148884"),
           "spread over all classes, or over the others only; binary losses of PyTorch have none",
           ("loss_faults: label smoothing spread over the other classes",
            "loss_faults: label smoothing of 1 but not of 0",
            "loss_faults: label smoothing on one side")),
    Report(48, "The loss is equal, its gradient twice as large",
           ("gh:pytorch/pytorch/issues/1429",),
           "a loss of one's own returned twice the derivative",
           ("loss_faults: a loss with twice its gradient",)),
    Report(61, "An L2 penalty of scikit-learn in Keras", ("so:53633838",),
           "another factor before the sum of squares, and a layer that was left out",
           ("optimizers: a penalty twice as large", "optimizers: a penalty on biases")),
    Report(62, "A 3-D network is worse in PyTorch", ("disc:183856",),
           "not told; suspected: normalization, the order of channels, dropout",
           ("reported_ports: a network of volumes, with PyTorch's normalization",
            "layer_wrong_ports: channels of a volume flattened first",
            "dropout_ports: a momentum off by a hundredth", "dropout_ports: another rate"),
           ("reported_ports: a network of volumes, with dropout",)),
    Report(64, "Two almost equal scores on pairs of questions", ("disc:36268",),
           "not told; suspected: Adamax's epsilon, initial embeddings",
           ("optimizers: Adamax's epsilon", "ladder_faults: PyTorch's own initial weights"),
           ("reported_ports: words read both ways, by Adamax",)),
)  # fmt: skip
UNWRITTEN = (
    Unwritten(23, "`predict` of one row in a loop is slow",
              ("so:58378374", "https://newbedev.com/keras-inconsistent-prediction-time"),
              "a run times predictions in batches of the recipe, not the latency of one row"),
    Unwritten(24, "Twenty times faster with another DataLoader",
              ("https://www.joyk.com/dig/detail/1588104046632233",),
              "how batches are fed is part of each side, and the same for all problems"),
    Unwritten(54, "A tf.data pipeline for a PyTorch model", ("gh:keras-team/keras/issues/18873",),
              "as of 24"),
    Unwritten(58, "Adam in bfloat16; less exact products on a GPU",
              ("gh:keras-team/keras/issues/21238", "gh:huggingface/transformers/issues/16588"),
              "mixed precision is not there: networks are float32 or float64 throughout; of "
              "float32, TF32 is an option of a run"),
)  # fmt: skip


def entry(tables: dict[str, dict], reference: str):
    """Return what a reference names.

    Raises:
        KeyError: there is no such table, or it has no such entry.
    """
    table, _, name = reference.partition(": ")
    return tables[table][name]


def found(reference: str) -> tuple[str, str]:
    """Return the rung and the tensor where a wrong pair is found."""
    wrong = entry(WRONG, reference)
    return getattr(wrong, "rung", "steps"), wrong.tensor  # those of optimizers are all of steps


def planted(reference: str) -> str:
    """Return the right pair that a fault is planted into; empty for a pair that is whole."""
    table, wrong = reference.partition(": ")[0], entry(WRONG, reference)
    if table == "optimizers":
        return f"optimizers: {wrong.recipe}"
    if table == "several":
        return f"several: {wrong.pair}"
    if table == "loss_faults":
        return f"loss_pairs: {wrong.problem}"
    if table == "ladder_faults":
        return f"{'pairs' if wrong.problem in pairs.PAIRS else 'problems'}: {wrong.problem}"
    return ""


def right(report: Report) -> tuple[str, ...]:
    """Return the right pairs of a report, each once."""
    return tuple(dict.fromkeys(filter(None, (*report.right, *map(planted, report.wrong)))))


def linked(threads: tuple[str, ...]) -> str:
    """Return links to threads in Markdown."""
    return ", ".join(f"[{label(one)}]({address(one)})" for one in threads)


def label(thread: str) -> str:
    """Return what a link to a thread says: the project and number, or the site."""
    kind, _, rest = thread.partition(":")
    if kind == "gh":
        _, project, _, number = rest.split("/")
        return f"{project} {number}"
    names = {"disc": f"PyTorch forum {rest}", "so": f"StackOverflow {rest}"}
    return names.get(kind) or thread.split("/")[2].removeprefix("www.")


def shown(reference: str) -> str:
    """Return the name of a pair, linked to the file of its table."""
    table, _, name = reference.partition(": ")
    if table == "problems":
        return f"[{name}](../problems/{name}.py)"
    return f"[{name}](../tests/{table}.py)"


def rows(report: Report) -> Iterator[str]:
    """Yield the rows of a report, one for each wrong pair."""
    first = [str(report.number), f"{report.title} ({linked(report.threads)})", report.cause]
    passes = ", ".join(map(shown, right(report)))
    for reference in report.wrong:
        rung, tensor = found(reference)
        test, *_ = TESTS[reference.partition(": ")[0]]
        cells = [shown(reference), f"{rung}: {tensor}", f"[{test}](../tests/{test}.py)", passes]
        yield f"| {' | '.join(first + cells)} |"
        first, passes = [""] * 3, ""


ABOUT = """# What people reported

This page is written by `python tests/reported.py`. Do not edit it.

Of {collected} public reports by people who had one model in Keras and in PyTorch, with different
results, {all} could not be written as a problem and two programs when they were collected.
{written} of them can now be written. Each has at least one wrong pair, as it was reported, {wrong}
in all, and one that is right. Tests hold that the check finds each wrong pair at the rung and the
tensor below, and that the right ones pass. {unwritten} cannot be written yet. The numbers are those
of the whole list.

The threads are retold here in few words. Some are about older versions of a framework, or about
other libraries with the same cause. A pair shows the cause that was found or is suspected, in
small: it is not the reporter's network.

"""
HEADING = """| | report | what was wrong | wrong pair | found: rung, tensor | test | passes |
| --: | :-- | :-- | :-- | :-- | :-- | :-- |
"""


def page() -> str:
    """Return docs/reports.md."""
    counts = {
        "collected": COLLECTED,
        "all": len(REPORTS) + len(UNWRITTEN),
        "written": len(REPORTS),
        "wrong": len({reference for report in REPORTS for reference in report.wrong}),
        "unwritten": len(UNWRITTEN),
    }
    table = "\n".join(row for report in REPORTS for row in rows(report))
    lacking = "\n".join(f"- {one.number}: {one.lacking}." for one in REPORTS if one.lacking)
    others = "\n".join(
        f"| {one.number} | {one.title} ({linked(one.threads)}) | {one.why} |" for one in UNWRITTEN
    )
    return (
        f"{ABOUT.format(**counts)}{HEADING}{table}\n\n"
        f"## What of these cannot be written\n\n{lacking}\n\n"
        "## What cannot be written at all\n\n"
        f"| | report | why |\n| --: | :-- | :-- |\n{others}\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page())
