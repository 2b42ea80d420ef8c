"""``python -m symcost``: the command line."""

from symcost.cli import main

if __name__ == "__main__":
    main()
