// The configuration file that the delay_queue service is shipped with, without its comments.
#pragma once

namespace wheelwork {

inline constexpr char delay_queue_yaml[] = R"(server:
  host: 0.0.0.0
  port: 8080
  read_timeout: 10 # seconds
  write_timeout: 10
  max_header_bytes: 0
  views_pattern: view/*/*.html
  left_delims:  # of templates
  right_delims: # of templates
  env: release
static_version:
  js: 0.0.0
  css: 0.0.0
master_db:
  host: 127.0.0.1
  port: 3306
  db_name: gin
  db_user: root
  db_pwd: root
  prefix: hs_
  db_charset: utf8
  db_max_open_conns: 20
  db_max_idle_conns: 10
  db_max_lifetime_conns: 7200
slave_db:
  host: 127.0.0.1
  port: 3306
  db_name: gin
  db_user: root
  db_pwd: root
  prefix: hs_
  db_charset: utf8
  db_max_open_conns: 20
  db_max_idle_conns: 10
  db_max_lifetime_conns: 7200
redis:
  host: 127.0.0.1
  port: 6379
  #db_name: 0
  #db_pwd:
  db_max_open_conns: 20
  db_max_idle_conns: 0
  db_max_lifetime_conns: 0
session:
  key_pairs: secret
  name: GOSESSIONID
queue:
  key: delay_queue_task # 队列键名
  slot: 60
  time_interval: 10
  max_retry_num: 6
  retry_default_time: 60
  retry_time_config: [1_5,2_15,3_30,4_180,5_3600,6_7200] # 重试第几次_当前之后的多少秒
)";

} // namespace wheelwork
