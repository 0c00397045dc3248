// The header of the system's SQLite library, and its one macro that Swift needs and cannot import.
#pragma once
#include <sqlite3.h>

/// Returns SQLITE_TRANSIENT, which makes SQLite copy each bound value. The macro casts -1 to a function
/// pointer, which Swift cannot import.
static inline sqlite3_destructor_type csqlite_transient(void) { return SQLITE_TRANSIENT; }
