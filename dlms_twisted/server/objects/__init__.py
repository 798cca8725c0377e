"""
The COSEM objects of a simulated meter: one module for the classes that belong together.
"""
