"""What to type after an error, in Python and on the command line: `sc.dim("F", multiple_of=8)`, `--dim "F%8"`.

The library raises its errors with advice; who shows them says how the user types.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Typed:
    """Something to type: `python` in a program, `command` as an option of the command line."""

    python: str
    command: str

    def __str__(self) -> str:
        return self.python


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence with things to type in it. Made by `advice`."""

    template: str
    typed: tuple[Any, ...]

    @property
    def python(self) -> str:
        """As a Python program's author reads it."""
        return self.template.format(*(t.python if isinstance(t, Typed) else t for t in self.typed))

    @property
    def command(self) -> str:
        """As it reads on the command line."""
        return self.template.format(*(t.command if isinstance(t, Typed) else t for t in self.typed))

    def __str__(self) -> str:
        return self.python


def advice(template: str, *typed: Typed | str) -> Advice:
    """A sentence with ``{}`` where something is to be typed.

    Example:
        >>> a = advice("declare {} or {}", declare("F", multiple_of=8), declare("F", min=3))
        >>> print(a.python, a.command, sep=chr(10))
        declare sc.dim("F", multiple_of=8) or sc.dim("F", min=3)
        declare --dim "F%8" or --dim "F>=3"
    """
    return Advice(template, typed)


def declare(
    name: str,
    *,
    multiple_of: int | None = None,
    min: int | None = None,
    max: int | None = None,
    power_of: int | None = None,
) -> Typed:
    """A domain for a symbol.

    Example:
        >>> declare("F", multiple_of=8, min=16).command, declare("N", power_of=2).command
        ('--dim "F%8,F>=16"', '--dim "N=2^k"')
    """
    options = {"multiple_of": multiple_of, "min": min, "max": max, "power_of": power_of}
    forms = {"multiple_of": "{}%{}", "min": "{}>={}", "max": "{}<={}", "power_of": "{}={}^k"}
    stated = {option: value for option, value in options.items() if value is not None}
    return Typed(
        f'sc.dim("{name}", {", ".join(f"{option}={value}" for option, value in stated.items())})',
        f'--dim "{",".join(forms[option].format(name, value) for option, value in stated.items())}"',
    )


def relate(relation: str) -> Typed:
    """A relation between symbols: ``where=["M <= N"]``."""
    return Typed(f'where=["{relation}"]', f'--where "{relation}"')


def name(option: str, value: str) -> Typed:
    """A name given to the call: ``rngs=("dropout",)``, ``mutable=...``, ``params=...``, ``method="encode"``."""
    single = {"rngs": "rng", "mutable": "mutable", "params": "param", "method": "method"}[option]
    return Typed(f'{option}="{value}"' if option == "method" else f'{option}=("{value}",)', f"--{single} {value}")


def built(constructor: str) -> Typed:
    """A constructor that is called with integers at every sample: ``sc.build(Net, ...)``."""
    return Typed(f"sc.build({constructor}, ...)", "--build")


def trip(symbol: str, count: Any = 10) -> Typed:
    """A trip count: ``trips={"trips_while_0": 10}``."""
    value = f'"{count}"' if isinstance(count, str) else count
    return Typed(f'trips={{"{symbol}": {value}}}', f"--trip {symbol}={count}")


def expect(branches: Mapping[str, int]) -> Typed:
    """Probabilities of the branches of conditionals, given how many there are of each."""
    example = {name: [0.5, *[0] * (n - 2), 0.5] if n > 1 else [1] for name, n in branches.items()}
    words = (f"--expect {name}={','.join(map(str, each))}" for name, each in example.items())
    return Typed(f"cost.expected({example!r})", " ".join(words))


def at(names: Iterable[str], size: int = 10, called: str = "cost.at") -> Typed:
    """Sizes to evaluate at: ``cost.at(N=10, F=10)``."""
    given = [f"{n}={size}" for n in names]
    return Typed(f"{called}({', '.join(given)})", f"--at {','.join(given)}")
