"""Reading HLO modules as text: shapes, attributes, names, computations."""
