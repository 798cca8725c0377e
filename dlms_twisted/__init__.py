"""
DLMS/COSEM (IEC 62056) on Twisted: collect what meters push, talk to meters, serve them.

The rooms up to C{session} are sans-IO and import neither Twisted nor a socket.
"""

__version__ = "0.1.0"
