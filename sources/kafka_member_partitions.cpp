// How partitions come to a member of a Kafka group, and how it parts with them.
#include "brokers/kafka_membership.hpp"
#include "sources/kafka_member.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>

namespace wheelwork {

void kafka_member::on_rebalance(rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* which) {
  const bool one_by_one = is_cooperative(client_->get());
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS)
    on_assign(which, one_by_one);
  else if (code == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS)
    on_revoke(which, one_by_one);
  else
    rd_kafka_assign(client_->get(), nullptr);
  rd_kafka_yield(client_->get());
}

void kafka_member::on_assign(rd_kafka_topic_partition_list_t* which, bool one_by_one) {
  if (one_by_one) {
    const kafka_error_ptr wrong{rd_kafka_incremental_assign(client_->get(), which)};
    if (wrong) {
      trouble_ = {std::string{"Kafka: "} + rd_kafka_error_string(wrong.get()), cure::message};
      return;
    }
  } else if (const auto code = rd_kafka_assign(client_->get(), which)) {
    trouble_ = {kafka_error_text(code, subject()), cure::message};
    return;
  }
  for (int i = 0; i < which->cnt; ++i) {
    const auto partition = which->elems[i].partition;
    lanes_.add(partition, uncommitted_->take(partition, setup_.clock->steady_now()));
  }
  trouble_.text.clear();
  arrived_ = true; // what is new is not silent
  if (paused_) rd_kafka_pause_partitions(client_->get(), which);
}

/// A group that shares out its partitions cooperatively goes on meanwhile, so work that is under way may come to its
/// end before another begins it again.
void kafka_member::on_revoke(rd_kafka_topic_partition_list_t* which, bool one_by_one) {
  if (!one_by_one || closing_ || departure_ || rd_kafka_assignment_lost(client_->get()))
    return part_with(which, one_by_one);
  departure leaving{{}, setup_.clock->steady_now() + departure_wait()};
  for (int i = 0; i < which->cnt; ++i) {
    leaving.partitions.push_back(which->elems[i].partition);
    const auto held = lanes_.leave(leaving.partitions.back());
    wanted_.insert(wanted_.end(), held.begin(), held.end());
  }
  departure_ = std::move(leaving);
  if (!holds_up_departure()) part_if_done();
}

/// Far enough from the time after which the group throws out who does not answer.
milliseconds kafka_member::departure_wait() const {
  const auto own = connection_.options.find("max.poll.interval.ms");
  const auto text = own == connection_.options.end() ? settings().defaults.at("max.poll.interval.ms") : own->second;
  return milliseconds{std::stoll(text) / 3};
}

bool kafka_member::holds_up_departure() const {
  return std::any_of(departure_->partitions.begin(), departure_->partitions.end(),
                     [this](int32_t partition) { return lanes_.in_hand(partition); });
}

void kafka_member::part_if_done() {
  if (!departure_ || !client_) return;
  const bool lost = rd_kafka_assignment_lost(client_->get()) != 0; // nobody waits for us any more
  if (!lost && !closing_ && holds_up_departure() && setup_.clock->steady_now() < departure_->until) return;
  const auto which = make_kafka_partitions();
  for (const auto partition : departure_->partitions) add_partition(which, from_.topic, partition);
  departure_.reset();
  part_with(which.get(), true);
}

void kafka_member::part_with(rd_kafka_topic_partition_list_t* which, bool one_by_one) {
  const bool lost = rd_kafka_assignment_lost(client_->get()) != 0; // others have them already
  if (lost)
    spdlog::warn(
        "pool {}: Kafka consumer {} lost its partitions: its group had thrown it out; what it has in hand begins "
        "again",
        setup_.pool, number_);
  else if (auto wrong = write_and_wait(); !wrong.empty())
    spdlog::warn("pool {}: finished messages may be taken again: {}", setup_.pool, wrong);
  calm_from_ = setup_.clock->steady_now() + calm_pause; // it joins again
  for (int i = 0; i < which->cnt; ++i) let_go(lanes_.remove(which->elems[i].partition));
  if (!closing_) release(which); // else it would be paused when it comes back
  arrived_ = true;
  if (!one_by_one) {
    rd_kafka_assign(client_->get(), nullptr);
    return;
  }
  const kafka_error_ptr wrong{rd_kafka_incremental_unassign(client_->get(), which)};
  if (wrong) trouble_ = {std::string{"Kafka: "} + rd_kafka_error_string(wrong.get()), cure::message};
}

/// The next one that gets the partition, here, knows what was finished of it.
void kafka_member::let_go(const kafka_lanes::remains& left) {
  lost_.insert(lost_.end(), left.in_hand.begin(), left.in_hand.end());
  uncommitted_->keep(left.partition, left.uncommitted, setup_.clock->steady_now());
}

void kafka_member::let_go_of_all() {
  for (const auto& each : lanes_.remove_all()) let_go(each);
}

} // namespace wheelwork
