"""One random program, printed and compared: python -m tests.hlo.random SEED [A=3 B=5] [--hlo]"""

from __future__ import annotations

import sys

import jax

from symcost import capture_hlo
from symcost.rules import load
from tests.hlo.agreement import costs
from tests.hlo.random import program


def main() -> None:
    """Print the jaxpr (and the HLO), symcost's figures and XLA's."""
    words = sys.argv[1:]
    load()
    found = program(int(words[0]), same="--same" in words)
    given = dict(word.split("=") for word in words if "=" in word)
    sizes = {**found.sizes(), **{name: int(size) for name, size in given.items()}}
    fn, args = found.build(**sizes)
    print(jax.make_jaxpr(fn)(*args))
    lowered = capture_hlo.lower(fn, args)
    text = capture_hlo.hlo_text(lowered)
    if "--hlo" in words:
        print(text)
    print("sizes  ", sizes)
    print("symcost", costs(capture_hlo.parse_hlo(text)))
    print("XLA    ", capture_hlo.xla_counts(lowered))


if __name__ == "__main__":
    main()
