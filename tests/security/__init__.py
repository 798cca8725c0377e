"""
Tests of L{dlms_twisted.security}.
"""
