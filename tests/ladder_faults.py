"""The faults that the ladder has to find: bugs that were met, and those to be expected."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One thing done wrong: where, what it was, what it is; where the ladder has to find it."""

    what: str
    problem: str
    file: str
    old: str
    new: str
    rung: str
    tensor: str
    index: tuple[int, ...] | None = None  # in a curve: the first epoch that shows it


TORCH, KERAS = "backends/pytorch", "backends/keras"
STEP = "loss = self.loss_of(network(x), {})"  # of a training
FAULTS = (
    Fault("a softmax before the cross-entropy", "echo", f"{TORCH}/echo.py",
          "return x\n", "return x.softmax(-1)\n", "layers", "output"),
    Fault("the same in Keras", "echo", f"{KERAS}/echo.py",
          "return x\n", "return keras.ops.softmax(x)\n", "layers", "output"),
    Fault("a random initial state", "shapes", f"{TORCH}/shapes.py",
          "self.lstm(x)", "self.lstm(x, (x.new_zeros(1, len(x), 10).normal_(),) * 2)",
          "layers", "output, asked again"),
    Fault("a second bias that is trained", "echo", f"{TORCH}/_defaults.py",
          '"bias" not in kept', "False", "parameters", "lstm.bias_hh_l0"),
    Fault("batch and time mixed up", "echo", f"{TORCH}/echo.py",
          "batch_first=True", "batch_first=False", "shapes", "lstm.last"),
    Fault("forget and input gate swapped", "echo", f"{TORCH}/_layouts.py",
          'return {"kernel": kernel.T, ',
          'a, b, c = kernel.T.split((25, 25, 50), 1)\n        '
          'return {"kernel": [b, a, c], ',
          "layers", "lstm.last"),
    Fault("the gates of a GRU in Keras's order", "symbols", f"{TORCH}/_layouts.py",
          "for gate in (z, r, n)", "for gate in (r, z, n)", "layers", "gru.last"),
    Fault("the biases of a GRU exchanged", "symbols", f"{TORCH}/_layouts.py",
          "for one in biases]", "for one in biases[::-1]]", "gradients", "gru/bias"),
    Fault("channels flattened first", "convolutions", f"{TORCH}/convolutions.py",
          "x = x.permute(0, 2, 3, 1)", "pass", "layers", "conv1d"),
    Fault("the last step of a bidirectional layer for its last outputs", "directions",
          f"{TORCH}/directions.py", "return self.dense(x)",
          "return self.dense(self.lstm(before)[0][:, -1])", "layers", "dense"),
    Fault("directions swapped", "cumsum", f"{TORCH}/_layouts.py",
          '{"forward/": "", "backward/": "_reverse"}', '{"forward/": "_reverse", "backward/": ""}',
          "layers", "lstm"),
    Fault("no eval() before answering", "convolutions", f"{TORCH}/_network.py",
          "    model.eval()\n    with torch", "    model.train()\n    with torch",
          "shapes", "output of one example"),
    Fault("no eval() before validation", "convolutions", f"{TORCH}/_engine.py",
          "batch_size: int) -> float:\n    model.eval()", "batch_size: int) -> float:\n",
          "loss", "evaluation loss"),
    Fault("PyTorch's momentum in a batch normalization", "convolutions", f"{TORCH}/convolutions.py",
          "momentum=0.01", "momentum=0.1", "statistics", "norm/moving_mean"),
    Fault("PyTorch's epsilon in a layer normalization", "symbols", f"{TORCH}/symbols.py",
          "eps=1e-3", "eps=1e-5", "layers", "norm"),
    Fault("a Keras model that is not told when it trains", "convolutions",
          f"{KERAS}/convolutions.py", "def call(self, x, training=False):",
          "def call(self, x):\n        training = None",
          "loss", "loss"),
    Fault("an embedding's repeated entries squared one by one", "symbols",
          f"{KERAS}/_defaults.py", "sum_repeated_entries(made)", "pass",
          "steps", "embedding/embeddings v"),
    Fault("the unbiased variance averaged", "convolutions", f"{TORCH}/_norms.py",
          "n / (n - 1) if n > 1 else 1.0", "1.0", "statistics", "norm/moving_variance"),
    Fault("Keras shuffling by itself", "echo", f"{KERAS}/_defaults.py",
          'None if "shuffling" in kept else', "None if True else", "curve", "loss", (0,)),
    Fault("the last, partial batch dropped", "echo", f"{TORCH}/_engine.py",
          "for batch in order.split(batch_size):",
          "for batch in order.split(batch_size)[:-1]:", "curve", "rate"),
    Fault("epsilon 1e-8", "echo", f"{TORCH}/_optimizers.py",
          'epsilons = asked.option("epsilon")', "epsilons = 1e-8", "steps", "lstm/kernel"),
    Fault("the bias correction in full precision", "echo", f"{TORCH}/_optimizers.py",
          "precision(np.float32(beta))", "precision(beta)", "steps", "lstm/kernel"),
    Fault("a sum for a mean", "shapes", f"{TORCH}/_losses.py",
          "_named(F.l1_loss)",
          '_named(lambda x, y, reduction: F.l1_loss(x, y, reduction="sum"))',
          "loss", "evaluation loss"),
    Fault("an epoch's loss asked for at its end, for the mean over its batches", "convolutions",
          f"{TORCH}/_engine.py", "train_loss.append(total.item() / len(order))",
          "train_loss.append(_evaluate(network, loop.loss_of, loop.rows, batch_size))",
          "curve", "loss", (0,)),
    Fault("targets one step late", "cumsum", f"{TORCH}/_engine.py",
          STEP.format("y, weights"), STEP.format("y.roll(1, 1), weights"),
          "steps", "loss", (0,)),
    Fault("'same' padding for 'valid'", "convolutions", f"{KERAS}/convolutions.py",
          "layers.Conv1D(5, 2)", 'layers.Conv1D(5, 2, padding="same")', "shapes", "conv1d"),
    Fault("a learning rate off by 1 %", "echo", f"{TORCH}/_optimizers.py",
          "recipe.rates(steps_per_epoch)", "1.01 * recipe.rates(steps_per_epoch)",
          "steps", "rate"),
    Fault("the learning rate of the first epoch in all", "shapes", f"{KERAS}/_engine.py",
          "by_epoch.__getitem__", "lambda _: by_epoch[0]",
          "curve", "rate"),
    Fault("an optimizer step skipped", "echo", f"{TORCH}/_engine.py",
          "        self.optimizer.step()\n",
          "        if not self.before.rates:\n"
          "            self.optimizer.zero_grad(set_to_none=False)\n"
          "        self.optimizer.step()\n",
          "steps", "lstm/kernel m"),
    Fault("gradients that pile up", "echo", f"{TORCH}/_engine.py",
          "        self.optimizer.zero_grad()\n", "", "steps", "lstm/kernel m"),
    Fault("a gradient cut off", "damped_sine", f"{TORCH}/damped_sine.py",
          "self.lstm2(x)", "self.lstm2(x.detach())", "gradients", "lstm1/kernel"),
    Fault("PyTorch's own initial weights", "echo", f"{TORCH}/_defaults.py",
          'draw="weights" not in kept', "draw=False", "parameters", "lstm/kernel"),
    Fault("a layer one unit wider", "shapes", f"{KERAS}/shapes.py",
          "layers.LSTM(units,", "layers.LSTM(units + 1,", "parameters", "lstm/kernel"),
)  # fmt: skip
