"""
The HDLC data link of DLMS/COSEM: frame format type 3 of ISO/IEC 13239 as IEC 62056-46 profiles it.
"""
