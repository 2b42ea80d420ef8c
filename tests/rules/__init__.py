"""Tests of the counting rules: formulas by hand, scalars that count, and XLA."""
