"""
Tests of L{dlms_twisted.server}.
"""
