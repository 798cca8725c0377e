"""
Tests of L{dlms_twisted.apdu}.
"""
