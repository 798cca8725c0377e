"""
Tests of L{dlms_twisted.link.mbus}.
"""
