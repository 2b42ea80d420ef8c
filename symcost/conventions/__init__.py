"""Counting conventions: which program is read, by which rules, and which quantities that defines."""

from symcost.conventions.convention import MEMORY as MEMORY
from symcost.conventions.convention import Convention as Convention
from symcost.conventions.convention import convention as convention
from symcost.conventions.convention import names as names
