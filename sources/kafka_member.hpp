// A member of a Kafka group: what it is assigned, what it has in hand, and its conversation with the brokers.
#pragma once

#include "brokers/kafka_client.hpp"
#include "sources/kafka_lanes.hpp"

namespace wheelwork {

/// Without the rules of taking and burying, which are kafka_source.cpp's. One thread at a time; blocking.
class kafka_member {
public:
  kafka_member(const source_setup& setup, uint32_t number, const kafka_connection_settings& connection);
  ~kafka_member() { drop(); }
  kafka_member(const kafka_member&) = delete;
  kafka_member& operator=(const kafka_member&) = delete;

  /// Why the connection's options don't do; empty: they do.
  std::string fault() const;
  /// Joins the group, if that is not done yet. The error in words.
  std::string open();

  /// Serves the group; what arrives waits in lanes(). True: something arrived. `wait` ends early with news of the
  /// group.
  bool poll(milliseconds wait);
  /// No more messages are fetched until resume(); some may still come.
  void pause();
  /// To be called often while messages are wanted.
  void resume();

  enum class how : uint8_t {
    steadily, ///< not while another commit is under way, nor shortly after one
    now,      ///< not while another commit is under way
  };
  static constexpr milliseconds calm_pause{20}; ///< after what may lead to a join
  /// Commits in the background what is finished. False: something has to wait for a calm group; ask again after
  /// `calm_pause`.
  bool write_finished(how urgency);
  /// Commits what is finished and waits for the answer, up to some seconds. The error in words; it is trouble(), too,
  /// until a commit succeeds.
  std::string write_and_wait();

  /// What is wrong at the moment; empty: nothing. Asks the brokers whether that still holds, at most once a second and
  /// for up to `wait`.
  std::string trouble(milliseconds wait);

  /// Leaves the group after a last commit. The error in words; it has left all the same, or will be left out.
  std::string close();

  /// It has its share of the partitions.
  bool is_joined() const { return client_ && client_->group().member() && !client_->group().joining(); }

  kafka_lanes& lanes() { return lanes_; }
  /// Messages that were in hand when their partition was taken away, since the last call.
  std::vector<message_token> take_lost() { return std::exchange(lost_, {}); }
  /// Messages in hand whose partition goes to another member when none of them is in hand any more, or when that takes
  /// too long; since the last call.
  std::vector<message_token> take_wanted() { return std::exchange(wanted_, {}); }
  /// Lets such partitions go whose time has come.
  void part_if_done();

private:
  kafka_settings settings() const;
  kafka_callbacks callbacks();
  void drop();
  void leave();
  void let_go(const kafka_lanes::remains& left);
  void let_go_of_all();
  void receive(kafka_message_ptr message);
  void arrive(kafka_message_ptr message);
  void on_error(rd_kafka_resp_err_t code, const std::string& reason);
  void on_rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which);
  void on_assign(rd_kafka_topic_partition_list_t* which, bool one_by_one);
  void on_revoke(rd_kafka_topic_partition_list_t* which, bool one_by_one);
  void part_with(rd_kafka_topic_partition_list_t* which, bool one_by_one);
  bool holds_up_departure() const;
  milliseconds departure_wait() const;
  void on_committed(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which);
  bool may_commit();
  void note_commit(const rd_kafka_topic_partition_list_t& which, rd_kafka_resp_err_t code);
  std::string commit_failed(rd_kafka_resp_err_t code);
  void release(rd_kafka_topic_partition_list_t* which);
  kafka_partitions_ptr assigned() const;
  void recover_from_fatal();
  kafka_subject subject() const { return {from_.topic, from_.group}; }

  source_setup setup_;
  kafka_source from_;
  uint32_t number_;
  kafka_connection_settings connection_;
  std::unique_ptr<kafka_client> client_;
  kafka_lanes lanes_;
  std::vector<message_token> lost_;
  std::vector<message_token> wanted_;
  struct departure {
    std::vector<int32_t> partitions;
    std::chrono::steady_clock::time_point until;
  };
  std::optional<departure> departure_; ///< librdkafka waits for our answer to its request to let these go
  std::shared_ptr<uncommitted_records> uncommitted_;
  /// What shows that a trouble is over, beside a new assignment.
  enum class cure : uint8_t { message, look_at_topic, commit };
  struct {
    std::string text;
    cure by = cure::message;
  } trouble_;
  std::map<int32_t, kafka_lanes::arrival> told_; ///< what was logged of partitions whose records don't come in order
  std::string last_detail_;                      ///< of a connection that failed
  bool named_ = true;                            ///< a static member
  bool fatal_ = false;
  bool paused_ = false;
  bool arrived_ = false; ///< a message, since the last resume()
  std::chrono::steady_clock::time_point silent_since_{};
  milliseconds silence_{0}; ///< so long nothing may come before partitions are woken
  bool committing_ = false;
  bool closing_ = false;    ///< what is in hand is given up
  uint64_t heartbeats_ = 0; ///< as seen by may_commit()
  std::chrono::steady_clock::time_point calm_from_{};
  std::chrono::steady_clock::time_point last_commit_{};
  std::chrono::steady_clock::time_point last_look_{};
};

} // namespace wheelwork
