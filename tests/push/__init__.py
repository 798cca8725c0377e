"""
Tests of L{dlms_twisted.push}.
"""
