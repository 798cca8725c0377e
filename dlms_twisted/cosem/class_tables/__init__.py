"""
The interface classes as text, one row an attribute or method; L{dlms_twisted.cosem.classes} reads them.

A class is a tuple: number, name, versions (C{"0"}, C{"0-3"}),
    short-name offset of the first method (C{0}: none known),
how well its rows are confirmed (C{X} cross-checked, C{G} one source, C{M} the Blue Book from memory,
    C{?} unknown),
attributes, methods.

An attribute is C{number name type},
    a method C{number name parameter} or C{number name parameter -> result}.  In front
may stand the versions that have it: C{[1-]} from 1 on, C{[0]} only 0,
    C{[1-2]}.  Behind an attribute may stand how it is
accessed: C{!} the object changes it, it is read only; C{?} it is secret,
    it is written only; nothing: read and written.

Types: C{i8 i16 i32 i64 u8 u16 u32 u64 bo en bs os vs us any}, C{f32},
    C{f64}; C{text} an octet-string that holds text;
C{LN} a logical name; C{dt da ti} date-time, date, time as octet-string,
    C{DT} as the type date-time; C{en:NAME} an
enumeration of L{dlms_twisted.cosem.class_tables.enumerations}; C{ar T} an array of T; C{st{name T,
    …}} a structure;
C{T|U} one or the other; C{zero} the C{integer 0} that methods without a parameter take; C{vd}, C{sc},
    C{cap} and
others: the shapes that L{dlms_twisted.cosem.kind_text} names.
A row goes on in the next line behind a comma.

Source: DLMS UA 1000-1 (Blue Book), interface classes.
"""
