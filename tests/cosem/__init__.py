"""
Tests of L{dlms_twisted.cosem}.
"""
