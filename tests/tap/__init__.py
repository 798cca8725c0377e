"""
Tests of L{dlms_twisted.tap}.
"""
