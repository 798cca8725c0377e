"""
Tests of L{dlms_twisted.translate}.
"""
