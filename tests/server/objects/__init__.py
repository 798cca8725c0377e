"""
Objects of the simulated meter.
"""
