"""
Tests of the documentation.
"""
