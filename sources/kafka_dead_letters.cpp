#include "sources/kafka_dead_letters.hpp"

#include "schedule/time_text.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace wheelwork {

namespace {

constexpr milliseconds rest_after{30'000};
constexpr size_t key_kept_without_body = 4096;

kafka_settings producer_settings() {
  kafka_settings made;
  made.defaults = {{"enable.idempotence", "true"},
                   {"linger.ms", "0"},
                   {"message.max.bytes", "1000000000"}, // the topic's own limit decides
                   {"compression.type", "lz4"},
                   {"topic.metadata.propagation.max.ms", "3000"}};
  made.fixed = {{"acks", "all"},
                {"message.timeout.ms", std::to_string((kafka_dead_letters::longest - milliseconds{2000}).count())}};
  return made;
}

void set_header(const kafka_headers_ptr& headers, const char* name, const std::string& value) {
  rd_kafka_header_remove(headers.get(), name); // of an earlier stay among the dead letters
  rd_kafka_header_add(headers.get(), name, -1, value.data(), static_cast<ssize_t>(value.size()));
}

} // namespace

kafka_dead_letters::kafka_dead_letters(const source_setup& setup, const kafka_connection_settings& connection)
    : setup_{setup}, connection_{connection} {}

std::string kafka_dead_letters::fault(const kafka_connection_settings& connection) {
  return kafka_client::fault(connection, producer_settings());
}

std::string kafka_dead_letters::open() {
  if (producer_) return {};
  kafka_callbacks callbacks;
  callbacks.log = [pool = setup_.pool](int level, const std::string& text) {
    if (level <= 4) spdlog::warn("pool {}, dead letters: {}", pool, text);
  };
  callbacks.delivered = [](const rd_kafka_message_t& message) {
    auto& into = *static_cast<slot*>(message._private);
    into.code = message.err;
    // rd_kafka_message_errstr would give the bytes of the message itself, without an end.
    if (message.err) into.detail = rd_kafka_err2str(message.err);
  };
  auto made = kafka_client::open(kafka_role::producer, connection_, producer_settings(), std::move(callbacks));
  if (!made) return made.error();
  producer_ = std::move(*made);
  return {};
}

kafka_headers_ptr kafka_dead_letters::headers_of(const letter& one, bool with_body) const {
  rd_kafka_headers_t* original = nullptr;
  rd_kafka_message_headers(one.message, &original);
  kafka_headers_ptr made{original ? rd_kafka_headers_copy(original) : rd_kafka_headers_new(9)};
  set_header(made, "wheelwork-pool", setup_.pool);
  set_header(made, "wheelwork-reason", one.why->reason);
  set_header(made, "wheelwork-error", one.why->error);
  set_header(made, "wheelwork-attempts", std::to_string(one.why->attempts));
  set_header(made, "wheelwork-origin-topic", key_of(setup_.from));
  set_header(made, "wheelwork-partition", std::to_string(one.message->partition));
  set_header(made, "wheelwork-offset", std::to_string(one.message->offset));
  set_header(made, "wheelwork-time", format_time(setup_.clock->wall_now()));
  if (!with_body) set_header(made, "wheelwork-left-out-bytes", std::to_string(one.message->len));
  return made;
}

void kafka_dead_letters::send(const letter& one, bool with_body, slot& into) {
  into = {};
  auto headers = headers_of(one, with_body);
  const bool with_key = with_body || one.message->key_len <= key_kept_without_body;
  rd_kafka_vu_t parts[6];
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = setup_.dead_letter.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[2].u.ptr = &into;
  parts[3].vtype = RD_KAFKA_VTYPE_KEY;
  parts[3].u.mem = {with_key ? one.message->key : nullptr, with_key ? one.message->key_len : 0};
  parts[4].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[4].u.mem = {with_body ? one.message->payload : nullptr, with_body ? one.message->len : 0};
  parts[5].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[5].u.headers = headers.get();
  const kafka_error_ptr refused{rd_kafka_produceva(producer_->get(), parts, 6)};
  if (refused) {
    into.code = rd_kafka_error_code(refused.get());
    into.detail = rd_kafka_error_string(refused.get());
  } else {
    static_cast<void>(headers.release()); // the message has them now
  }
}

void kafka_dead_letters::await(const std::vector<slot>& slots) {
  auto open = [](const slot& one) { return one.code == RD_KAFKA_RESP_ERR__IN_PROGRESS; };
  const auto until = setup_.clock->steady_now() + longest;
  while (std::any_of(slots.begin(), slots.end(), open) && setup_.clock->steady_now() < until)
    rd_kafka_poll(producer_->get(), 100);
}

std::vector<std::string> kafka_dead_letters::write(std::span<const letter> letters) {
  std::vector<std::string> faults(letters.size());
  if (auto fault = open(); !fault.empty()) {
    std::fill(faults.begin(), faults.end(), fault);
    return faults;
  }
  std::vector<slot> slots(letters.size());
  for (size_t i = 0; i < letters.size(); ++i) send(letters[i], true, slots[i]);
  await(slots);
  for (size_t i = 0; i < letters.size(); ++i)
    if (slots[i].code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || slots[i].code == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE)
      send(letters[i], false, slots[i]);
  await(slots);
  bool all_answered = true, missing = false;
  for (size_t i = 0; i < letters.size(); ++i) {
    const auto& [code, detail] = slots[i];
    if (code) faults[i] = "dead letters: " + kafka_error_text(code, {setup_.dead_letter, {}}, detail);
    all_answered = all_answered && code != RD_KAFKA_RESP_ERR__IN_PROGRESS;
    // It would believe that for minutes.
    missing = missing || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  }
  std::array<char, 256> words{};
  const bool broken = rd_kafka_fatal_error(producer_->get(), words.data(), words.size()) != 0;
  if (!all_answered || missing || broken) producer_.reset(); // before the slots go that it would write to
  last_use_ = setup_.clock->steady_now();
  return faults;
}

void kafka_dead_letters::rest() {
  if (producer_ && setup_.clock->steady_now() - last_use_ > rest_after) producer_.reset();
}

} // namespace wheelwork
