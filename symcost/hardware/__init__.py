"""Chips as data, each figure with its unit, source and date."""

from symcost.hardware.chip import Chip as Chip
from symcost.hardware.chip import Figure as Figure
from symcost.hardware.chip import chip as chip
from symcost.hardware.chip import chips as chips
