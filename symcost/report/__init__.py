"""Costs as text and tables."""
