"""
Tests of L{dlms_twisted.keys}.
"""
