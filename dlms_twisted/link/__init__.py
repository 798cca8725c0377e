"""
Octets to frames: wrapper, HDLC, M-Bus, P1, mode E. A frame carries octets; no APDU is known here.
"""
