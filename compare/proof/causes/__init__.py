"""Likely causes in words: what, computed in NumPy, makes two sides' numbers agree to rounding.

A hypothesis says what one side may do otherwise than the other. The one that turns the numbers of
one side into those of the other is named, with both values; if none does, nothing is. Formulas: the
documentation of both frameworks. Imports no framework.
"""
