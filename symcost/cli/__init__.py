"""The command line: `symcost trace | compare | crossover | paper | query | zoo | rules | chips | targets | doctor`.

JAX is imported when something is traced, not before.
"""


def main() -> None:
    """Entry point of the command `symcost`."""
    from symcost.cli.app import app

    app()
