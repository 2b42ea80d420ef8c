"""`--train`, `--optimizer`, `--loss`: a training step instead of a forward pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import typer

from symcost.cli import options as o
from symcost.cli.target import load
from symcost.errors import ArgumentError

RATE = 1e-3
"""Learning rate of an optimizer that is given by name; it changes no cost."""


@dataclass(frozen=True, slots=True)
class Training:
    """What the options say of a training step.

    Attributes:
        wanted: whether there is one. optimizer: a name of Optax, or `file.py:object`; "" for Adam.
        loss: `file.py:function`; "" for the mean square of the outputs.
    """

    wanted: o.Train = False
    optimizer: o.Optimizer = ""
    loss: o.Loss = ""

    def __post_init__(self) -> None:
        for option, given in (("--optimizer", self.optimizer), ("--loss", self.loss)):
            if given and not self.wanted:
                raise typer.BadParameter(
                    f"is of a training step; add --train (or leave out {option})", param_hint=option
                )

    def made_optimizer(self) -> Any:
        """The Optax gradient transformation.

        Raises:
            ArgumentError: Optax has none of that name, or it takes more than a learning rate.
        """
        import optax

        name = self.optimizer or "adam"
        if ":" in name:
            return load(name)
        found = getattr(optax, name, None)
        if not callable(found):
            from symcost.domain import near_names

            near = near_names(name, tuple(n for n in dir(optax) if n.islower()))
            raise ArgumentError(
                f"Optax has no optimizer called {name!r}",
                todo=f"did you mean --optimizer {near[0]}?"
                if near
                else "--optimizer adam, or --optimizer file.py:object",
            )
        try:
            made = found(RATE)
        except Exception as error:
            raise self._no_optimizer(name, f"optax.{name}({RATE}) failed: {error}") from error
        if not (hasattr(made, "init") and hasattr(made, "update")):
            raise self._no_optimizer(name, f"optax.{name} makes no optimizer of a learning rate")
        return made

    def _no_optimizer(self, name: str, what: str) -> ArgumentError:
        return ArgumentError(
            what, todo=f"make it in a file, optimizer = optax.{name}(...), and give --optimizer file.py:optimizer"
        )

    def loss_function(self) -> Any:
        """The loss.

        Raises:
            LoadError: the text names no object.
        """
        from symcost.frontend.training import mean_square

        return load(self.loss) if self.loss else mean_square
