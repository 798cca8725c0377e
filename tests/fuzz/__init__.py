"""
Harnesses for fuzzers, to be run by hand; neither trial nor CI runs them.
"""
