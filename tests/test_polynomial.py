"""Polynomials from one process in another one."""

from __future__ import annotations

import pickle
import subprocess
import sys

from symcost.polynomial import floor_div, symbol

OTHER = """
import pickle, sys
from symcost.polynomial import symbol, floor_div
{first}
n, m = symbol("left"), symbol("right")
sys.stdout.buffer.write(pickle.dumps(3 * n * m + floor_div(m, 2) * n))
"""


def test_what_another_process_made_is_equal_whatever_it_named_first():
    n, m = symbol("left"), symbol("right")
    here = 3 * n * m + floor_div(m, 2) * n
    for first in ("", 'symbol("right")', 'floor_div(symbol("right"), 2)'):
        made = subprocess.run([sys.executable, "-c", OTHER.format(first=first)], capture_output=True, check=True)
        there = pickle.loads(made.stdout)
        assert there == here
        assert hash(there) == hash(here)
        assert there + here == 2 * here
