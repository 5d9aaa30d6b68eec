// SQL on the tables of the delay_queue service.
#pragma once

namespace wheelwork::mysql::sql {

/// How many characters the columns hold: past that the server cut them, or refused the row.
inline constexpr char delay_queue_widths[] =
    "select coalesce(max(case when column_name = 'notify_url' then character_maximum_length end), 0), "
    "coalesce(max(case when column_name = 'notify_param' then character_maximum_length end), 0) "
    "from information_schema.columns where table_schema = database() and table_name = 'ww_task'";

/// state: 0 waits, 2 waits for its next try.
inline constexpr char delay_queue_tasks[] =
    "select id, queue_index, queue_slot, cycle_num, retry_num, dateline, add_time, notify_url, request_method, "
    "notify_param, state, char_length(notify_url), char_length(notify_param) "
    "from ww_task where state in (0, 2) and id > $1 order by id limit $2";

} // namespace wheelwork::mysql::sql
