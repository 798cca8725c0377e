"""
Tests of L{dlms_twisted.codec}.
"""
