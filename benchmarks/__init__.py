"""
Benchmarks, side by side with other libraries: C{python -m benchmarks [NAME …]}.
"""
