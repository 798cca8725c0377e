"""
The APDUs of DLMS/COSEM, one module a service; L{dlms_twisted.apdu.registry} lists them all.
"""
