"""How many equations per second the interpreter costs, with integers and with formulas.

    python benchmarks/interpret.py [--quick] [--repeats 3]

A program of 10,000 equations whose layers repeat (dense, normalisation, activation, residual), all at one module path
or each layer at its own; once at one size and once with its sizes as symbols; interpreted under every convention with
rules of its own: jaxprs, and HLO for "xla" (whose instructions are more than the equations). Tracing and solving are
done before the clock runs; nothing of a run is kept for the next. The garbage collector is paused, as an analysis does
(it would scan the traced programs, which has nothing to do with the interpreter). The bar: 50,000 equations a second
with symbols.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable
from contextlib import nullcontext
from itertools import product
from typing import Any

from measure import child, medians, save, seconds

BAR = 50_000
EQUATIONS = 10_000
SIZES = {"B": 5, "F": 11, "H": 23}
RUNS = 5


def array(shape: tuple[int, ...]) -> Any:
    """An array without values."""
    import jax

    return jax.ShapeDtypeStruct(shape, "float32")


def _is_shape(node: Any) -> bool:
    return isinstance(node, tuple) and all(isinstance(n, int) for n in node)


def layers(count: int, modules: bool) -> Callable[..., tuple[Callable, tuple[Any, ...]]]:
    """A family of programs with `count` equal layers, each a module with a path of its own or all at the top."""
    import jax
    import jax.numpy as jnp

    def layer(x, w, v, scale):
        y = (x - x.mean(-1, keepdims=True)) * jax.lax.rsqrt(x.var(-1, keepdims=True) + 1e-6) * scale
        return x + jnp.tanh(y @ w) @ v

    def build(B: int, F: int, H: int) -> tuple[Callable, tuple[Any, ...]]:
        def fn(x, *weights):
            for number, (w, v, scale) in enumerate(weights):
                with jax.named_scope(f"layer_{number}") if modules else nullcontext():
                    x = layer(x, w, v, scale)
            return x

        weights = (((F, H), (H, F), (F,)),) * count
        return fn, tuple(jax.tree.map(array, ((B, F), *weights), is_leaf=_is_shape))

    return build


def programs(language: str, equations: int, modules: bool) -> dict[str, Any]:
    """The program at one size and with its sizes as symbols."""
    import symcost as sc
    from symcost import capture, capture_hlo

    one = capture.from_jaxpr(_jaxpr(layers(1, modules)))
    build = layers(equations // len(one.instructions), modules)
    fn, args = build(**SIZES)
    concrete = capture.from_jaxpr(_jaxpr(build)) if language == "jaxpr" else capture_hlo.lower_program(fn, args)
    cost = sc.trace_family(build, "B F H")
    symbolic = cost.analysis.outcome("algorithm" if language == "jaxpr" else "xla").fit.program
    return {"concrete": concrete, "symbolic": symbolic}


def _jaxpr(build: Callable[..., tuple[Callable, tuple[Any, ...]]]) -> Any:
    import jax

    fn, args = build(**SIZES)
    return jax.jit(fn).trace(*args).jaxpr


def measure(language: str, paths: str, equations: str) -> dict[str, Any]:
    """Every convention that reads `language`, in this process."""
    from symcost.conventions import convention, names
    from symcost.interpret import interpret
    from symcost.rules import load

    load()
    found: dict[str, Any] = {}
    for kind, program in programs(language, int(equations), paths == "modules").items():
        count = sum(1 for _ in program.walk())
        for name in names():
            how = convention(name)
            if how.language == language and how.keep is None and name != "macs":
                gc.collect()
                gc.disable()
                elapsed = min(seconds(lambda program=program, how=how: interpret(program, how.registry), RUNS))
                gc.enable()
                found[f"{name}, {kind}"] = {"equations": count, "seconds": elapsed}
    return found


def show(rows: list[dict[str, Any]]) -> None:
    """Print the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title="The interpreter (CPU time, medians of processes)")
    for heading in ("convention", "paths", "sizes"):
        table.add_column(heading, no_wrap=True)
    for heading in ("equations", "ms", "equations a second", "of the bar"):
        table.add_column(heading, justify="right")
    for row in rows:
        rate = row["equations_per_second"]["median"]
        table.add_row(
            row["convention"],
            row["paths"],
            row["sizes"],
            f"{row['equations']:,}",
            f"{1e3 * row['seconds']['median']:.1f}",
            f"{rate:,.0f}",
            f"{rate / BAR:.1f}x" if row["sizes"] == "symbolic" else "",
        )
    Console().print(table)


def main() -> None:
    """Measure both languages, one process a repeat; print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 equations, one process")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--child", nargs=3, metavar=("LANGUAGE", "PATHS", "EQUATIONS"), help="measure here, and print JSON"
    )
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure(*options.child)))
        return
    equations, repeats = (1_000, 1) if options.quick else (EQUATIONS, options.repeats)
    rows = []
    for language, paths in product(("jaxpr", "hlo"), ("one path", "modules")):
        runs = [child(__file__, language, paths, equations) for _ in range(repeats)]
        for case in runs[0]:
            name, _, kind = case.partition(", ")
            measured = [run[case] for run in runs]
            rates = [{**m, "equations_per_second": m["equations"] / m["seconds"]} for m in measured]
            rows.append({"convention": name, "language": language, "paths": paths, "sizes": kind, **medians(rates)})
    show(rows)
    print(save("interpret-quick" if options.quick else "interpret", {"bar": BAR, "rows": rows}))
    symbolic = [row for row in rows if row["sizes"] == "symbolic"]
    slow = [f"{r['convention']} ({r['paths']})" for r in symbolic if r["equations_per_second"]["median"] < BAR]
    if slow:
        print(f"below {BAR:,} equations a second: {', '.join(slow)}")


if __name__ == "__main__":
    main()
