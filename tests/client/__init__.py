"""
Tests of L{dlms_twisted.session}.
"""
