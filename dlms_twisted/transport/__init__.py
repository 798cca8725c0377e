"""
Thin Twisted protocols, datagram ports and serial services over the link layers.
"""
