"""
The interface classes as text, one row an attribute or method; L{dlms_twisted.cosem.classes} reads them.

A class is a tuple: number, name, versions (C{"0"}, C{"0-3"}), short-name offset of the first method (0: none is known),
how well its rows are confirmed (C{X} cross-checked, C{G} one source, C{M} the Blue Book by memory, C{?} unknown),
attributes, methods.

An attribute is C{number name type}, a method C{number name parameter} or C{number name parameter -> result}.  In front
may stand the versions that have it: C{[1-]} from 1 on, C{[0]} only 0, C{[1-2]} both.  Behind an attribute may stand how
it is accessed: C{!} the object changes it, it is read only; C{?} it is secret, it is written only; else it is read and
written.  A row goes on in the next line behind a comma.

The types:

  - C{i8 i16 i32 i64 u8 u16 u32 u64}: integers; C{bo} boolean; C{f32 f64} floats
  - C{en}: enum; C{en:NAME}: one of L{dlms_twisted.cosem.class_tables.enumerations}
  - C{os}: octet-string; C{text}: one that holds text; C{vs} visible-string; C{us} utf8-string; C{bs} bit-string
  - C{LN}: a logical name
  - C{dt da ti}: date-time, date, time as octet-string; C{DT}: as the type date-time
  - C{ar T}: an array of T; C{stE{lb}name T, ...E{rb}}: a structure; C{T|U}: one or the other
  - C{any}: anything; C{null}: null-data; C{zero}: the C{integer 0} that methods without a parameter take
  - C{vd}, C{sc}, C{cap} and others: the shapes of L{dlms_twisted.cosem.kind_text}

Source: DLMS UA 1000-1 (Blue Book), interface classes.
"""
