"""Tests of the counting conventions: against figures published elsewhere, and that no number goes without its name."""
