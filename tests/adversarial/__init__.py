"""Programs chosen to break the formulas: tests of what must hold at every size of the domain."""
