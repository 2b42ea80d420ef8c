"""Tests of reading HLO and of the convention \"xla\": figures equal to XLA's own."""
