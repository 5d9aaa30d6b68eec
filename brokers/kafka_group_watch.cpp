#include "brokers/kafka_group_watch.hpp"

namespace wheelwork {

namespace {

// Numbers of requests in Kafka's protocol ("API keys").
constexpr int16_t join_group = 11;
constexpr int16_t heartbeat = 12;
constexpr int16_t leave_group = 13;
constexpr int16_t sync_group = 14;

constexpr const char* name = "wheelwork";

kafka_group_watch& watch_in(void* opaque) { return *static_cast<kafka_group_watch*>(opaque); }

rd_kafka_resp_err_t on_sent(rd_kafka_t*, int, const char*, int32_t, int16_t request, int16_t, int32_t, size_t,
                            void* opaque) {
  watch_in(opaque).sent(request);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_answered(rd_kafka_t*, int, const char*, int32_t, int16_t request, int16_t, int32_t, size_t,
                                int64_t, rd_kafka_resp_err_t failed, void* opaque) {
  if (!failed) watch_in(opaque).answered(request);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t on_new(rd_kafka_t* client, const rd_kafka_conf_t*, void* opaque, char*, size_t) {
  if (const auto refused = rd_kafka_interceptor_add_on_request_sent(client, name, on_sent, opaque)) return refused;
  return rd_kafka_interceptor_add_on_response_received(client, name, on_answered, opaque);
}

} // namespace

void kafka_group_watch::attach(rd_kafka_conf_t* conf) {
  rd_kafka_conf_interceptor_add_on_new(conf, name, on_new, this);
}

void kafka_group_watch::sent(int16_t request) {
  if (request != join_group && request != heartbeat) return;
  const std::lock_guard lock{mutex_};
  if (request == heartbeat)
    settled_ = true; // the answer to sync_group may have been an error; heartbeats begin when it was taken in
  else
    joining_ = member_ = true;
}

void kafka_group_watch::answered(int16_t request) {
  const std::lock_guard lock{mutex_};
  if (request == heartbeat) ++heartbeats_;
  if (request == leave_group) member_ = false;
  if (request != sync_group) return;
  joining_ = false;
  joined_.notify_all();
}

bool kafka_group_watch::joining() const {
  const std::lock_guard lock{mutex_};
  return joining_;
}

bool kafka_group_watch::settled() const {
  const std::lock_guard lock{mutex_};
  return settled_;
}

bool kafka_group_watch::member() const {
  const std::lock_guard lock{mutex_};
  return member_;
}

uint64_t kafka_group_watch::heartbeats() const {
  const std::lock_guard lock{mutex_};
  return heartbeats_;
}

bool kafka_group_watch::wait_until_joined(milliseconds at_most) const {
  std::unique_lock lock{mutex_};
  return joined_.wait_for(lock, at_most, [this] { return !joining_; });
}

} // namespace wheelwork
