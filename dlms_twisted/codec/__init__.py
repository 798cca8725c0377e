"""
Octets to values and back: A-XDR, Data, compact-array, date-time, the JSON form.
"""
