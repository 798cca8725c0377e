"""
Tests of L{dlms_twisted.cli}.
"""
