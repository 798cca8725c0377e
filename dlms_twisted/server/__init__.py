"""
Simulated meters.
"""
