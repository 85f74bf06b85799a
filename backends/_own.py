"""What optimizers of either framework do, in words that both share. Imports no framework."""

COUPLED = "coupled, added to the gradient"
DECOUPLED = "decoupled"
WITHOUT_RATE = "decoupled, without the learning rate"
EACH = "each gradient by its norm"
TOGETHER = "all gradients by one norm"
NUMBERS = "each number"
