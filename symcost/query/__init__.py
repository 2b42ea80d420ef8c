"""Costs in files: saved as JSON, loaded and queried without JAX."""

from symcost.query.decode import load as load
from symcost.query.encode import save as save
