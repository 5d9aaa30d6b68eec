// All settings of a node, typed, with the defaults of API.md (section Configuration).
#pragma once

#include "messages/broker_connection.hpp"
#include "messages/pool.hpp"
#include "messages/task.hpp"

namespace wheelwork {

struct node_settings {
  std::string name; ///< default: the host's name
  std::vector<std::string> roles{"scheduler", "executor", "api"};
  std::string partition;
  std::string data_dir = "./wheelwork-data";
  milliseconds shutdown_grace{30'000};
};

struct database_settings {
  std::string url = "sqlite://wheelwork-data/wheelwork.db";
  uint32_t writers = 2;
  bool migrate = true;
  std::string table_prefix = "ww_";
  milliseconds history_retention{30LL * 24 * 3600 * 1000};
};

enum class token_role : uint8_t { viewer, operator_role, admin };

struct api_token {
  std::string name;
  std::string secret;
  token_role role = token_role::viewer;
};

struct api_settings {
  std::string listen = "127.0.0.1:7373";
  std::vector<std::string> hosts;
  uint64_t max_body = 4u << 20;    ///< bytes
  uint32_t max_in_flight = 10'000; ///< pushes accepted and not yet answered; past it 429
  milliseconds header_timeout{10'000};
  milliseconds body_timeout{30'000};
  std::vector<api_token> tokens;
};

struct wheel_settings {
  uint32_t slots = 60;
  milliseconds horizon{120'000};
  uint64_t max_hot_jobs = 1'000'000;
  uint64_t max_hot_bytes = 512ull << 20;
};

struct http_target_settings {
  uint32_t concurrency = 1000;
  uint32_t per_host = 100;
  milliseconds connect_timeout{3000};
  std::vector<std::string> deny_networks{"169.254.0.0/16", "fe80::/10"};
  std::vector<std::string> allow_networks;
  std::string signing_secret;
};

struct process_target_settings {
  std::vector<std::string> allow;
  uint32_t concurrency = 64;
  milliseconds kill_grace{10'000};
  uint64_t output_limit = 64u << 10; ///< bytes
  milliseconds adopt_within{60'000};
};

struct cluster_settings {
  std::string name = "wheelwork";
  std::string listen = "127.0.0.1:7374";
  std::string advertise;
  uint16_t shards = 64;
  milliseconds lease{3000};
  std::string tls_certificate, tls_key, tls_ca;
};

/// [front.delay_queue]: the keys below `hosts` have the names and units of the service that the front stands in for.
struct delay_queue_front_settings {
  std::string listen; ///< empty: no HTTP
  std::vector<std::string> tokens, allow_networks, hosts;
  std::string redis; ///< the NAME of [redis.NAME]; empty: no list is read
  std::string queue_key = "delay_queue_task";
  std::string retry_time_config = "1_5,2_15,3_30,4_180,5_3600,6_7200";
  uint32_t max_retry_num = 6;
  uint32_t retry_default_time = 60; ///< seconds
  uint32_t time_interval = 10;      ///< seconds
};

struct log_settings {
  std::string level = "info";
  std::string format = "text";
  std::string file;                 ///< empty: standard error
  uint64_t max_size = 100ull << 20; ///< bytes
  uint32_t max_files = 10;
};

struct settings {
  std::string environment = "dev"; ///< --env
  std::string config_file;         ///< empty: defaults only
  node_settings node;
  database_settings database;
  api_settings api;
  wheel_settings wheel;
  http_target_settings http_target;
  process_target_settings process_target;
  cluster_settings cluster;
  delay_queue_front_settings delay_queue; ///< [front.delay_queue]
  log_settings log;
  broker_connections brokers;         ///< [redis.NAME], [kafka.NAME]
  std::vector<task_definition> tasks; ///< [[task]]
  std::vector<pool_definition> pools; ///< [[pool]]
};

} // namespace wheelwork
