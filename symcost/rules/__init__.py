"""Counting rules, one file per family of primitives."""
