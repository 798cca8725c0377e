"""
The soak: the full counts of what C{tests} checks at small ones.

C{python -m tests.soak [NAME …] [--scale F]} runs each module of this folder that has a function
C{soak(scale: float) -> dict[str, object]}, prints its figures as a JSON line, and exits with 1 when one fails.
A soak fails by raising.
"""
