"""
The translator: octets as people have them to meaning, layer by layer, each octet explained; sans-IO.
"""
