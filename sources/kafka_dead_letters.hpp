// Writes messages that nobody could handle to the dead-letter topic of a pool.
#pragma once

#include "brokers/kafka_client.hpp"
#include "sources/source.hpp"

namespace wheelwork {

/// The producer is made when the first letter is written, and let go some time after the last one, so that a pool
/// without trouble has no connection for it. One thread at a time.
class kafka_dead_letters {
public:
  struct letter {
    const rd_kafka_message_t* message = nullptr;
    const dead_message* why = nullptr;
  };

  kafka_dead_letters(const source_setup& setup, const kafka_connection_settings& connection);

  /// Why the connection's options don't do for a producer; empty: they do.
  static std::string fault(const kafka_connection_settings& connection);

  /// With the key, the headers and the bytes of the message, and headers that say where it came from and what was
  /// wrong. Bytes that the topic does not take are left out; a header says so. Waits up to `longest` for the reports of
  /// the brokers. For each letter: empty when it is written, else why not.
  std::vector<std::string> write(std::span<const letter> letters);
  /// Lets the producer go if it has had nothing to do for a while.
  void rest();

  static constexpr milliseconds longest{10'000};

private:
  struct slot {
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__IN_PROGRESS;
    std::string detail;
  };

  std::string open();
  void send(const letter& one, bool with_body, slot& into);
  kafka_headers_ptr headers_of(const letter& one, bool with_body) const;
  void await(const std::vector<slot>& slots);

  source_setup setup_;
  kafka_connection_settings connection_;
  std::unique_ptr<kafka_client> producer_;
  std::chrono::steady_clock::time_point last_use_{};
};

} // namespace wheelwork
