"""
Tests of C{dlms_twisted}.
"""
