"""
Tests of L{dlms_twisted.transport}.
"""
