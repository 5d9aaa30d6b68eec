// The lock that a migration holds, in the words of SQL.
#pragma once

/// Key of an advisory lock. `ww_` is replaced by the table prefix, so that each set of tables has its own.
#define WHEELWORK_MIGRATION_LOCK "hashtextextended('wheelwork ' || current_schema() || ' ww_migration', 0)"
