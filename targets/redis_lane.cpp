#include "targets/redis_lane.hpp"

#include "schedule/time_text.hpp"
#include "targets/native_result.hpp"
#include "targets/redis_message.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace wheelwork {

namespace {

constexpr size_t under_way_max = 8'192;
constexpr size_t bytes_at_once = 8u << 20;
constexpr milliseconds look_every{10};      ///< for new attempts, while answers are waited for
constexpr milliseconds silence_max{10'000}; ///< of a server that owes an answer

redis_connection_options options_of_lane() {
  redis_connection_options options;
  options.connect_timeout = milliseconds{1'000};
  options.command_timeout = milliseconds{2'000};
  return options;
}

const redis_target& target_of(const attempt_order& order) { return std::get<redis_target>(order.what.how->how); }

} // namespace

redis_lane::redis_lane(const redis_lane_setup& setup, const redis_address& server)
    : setup_{setup}, connection_{server, *setup.clock, options_of_lane()}, thread_{[this] { work(); }} {}

void redis_lane::add(attempt_order order) {
  attempt made;
  made.times_out_at = setup_.clock->steady_now() + order.what.how->timeout;
  made.started_at = setup_.clock->wall_now();
  made.order = std::move(order);
  const std::lock_guard lock{mutex_};
  queue_.push_back(std::move(made));
  changed_.notify_one();
}

void redis_lane::cancel(job_id id, uint32_t number) {
  const std::lock_guard lock{mutex_};
  cancelled_.emplace(value_of(id), number);
  changed_.notify_one();
}

void redis_lane::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void redis_lane::work() {
  for (;;) {
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock,
                    [this] { return stopping_ || !queue_.empty() || !cancelled_.empty() || !under_way_.empty(); });
      if (stopping_) return;
    }
    send(next_ones());
    receive();
    end_cancelled_and_late();
    tell();
  }
}

std::vector<redis_lane::attempt> redis_lane::next_ones() {
  std::vector<attempt> some;
  size_t bytes = 0;
  const std::lock_guard lock{mutex_};
  while (!queue_.empty() && under_way_.size() + some.size() < under_way_max && bytes < bytes_at_once) {
    auto& next = queue_.front();
    const auto& order = next.order;
    if (cancelled_.erase({value_of(order.what.id), order.number}) > 0)
      answer(next, attempt_outcome::cancelled, "cancelled before it was written");
    else if (setup_.clock->steady_now() >= next.times_out_at)
      answer(next, attempt_outcome::timed_out,
             fmt::format("not written within {} (timeout)", format_duration(order.what.how->timeout)));
    if (!next.answered) {
      bytes += order.what.body.data().size() + 64;
      some.push_back(std::move(next));
    }
    queue_.pop_front();
  }
  return some;
}

void redis_lane::send(std::vector<attempt> these) {
  if (these.empty()) return;
  std::vector<redis_write> writes;
  std::vector<redis_command> commands;
  const auto first = under_way_.size();
  for (auto& each : these) {
    const auto& how = target_of(each.order);
    if (how.complete == completion::on_ack && !setup_.acks) {
      answer(each, attempt_outcome::failed,
             "this node takes no acknowledgements, so \"complete\":\"on_ack\" can't end");
      continue;
    }
    each.waits_for_ack = how.complete == completion::on_ack;
    if (each.waits_for_ack) setup_.acks(each.order, each.started_at);
    under_way_.push_back(std::move(each));
  }
  for (auto at = first; at < under_way_.size(); ++at) {
    auto& each = under_way_[at];
    writes.push_back(redis_write_of(each.order, target_of(each.order), setup_.identity));
    commands.push_back(std::move(writes.back().command));
  }
  if (const auto sent = connection_.send(commands); !sent) {
    for (auto at = first; at < under_way_.size(); ++at) under_way_[at].sent = sent.error().sent;
    return fail_all(sent.error());
  }
  for (auto at = first; at < under_way_.size(); ++at) under_way_[at].sent = true;
}

/// The connection is gone, and with it all answers.
void redis_lane::fail_all(const redis_failure& why) {
  for (auto& each : under_way_) {
    if (each.answered) continue;
    if (each.waits_for_ack && !setup_.acks.forget(each.order.what.id, each.order.number)) continue;
    answer(each, attempt_outcome::failed,
           each.sent ? why.message + "; its answer was lost, so the message may be there" : why.message);
  }
  under_way_.clear();
}

void redis_lane::confirm(attempt& written, const redis_reply& reply) {
  if (written.answered) return;
  if (!reply.is_error()) {
    if (written.waits_for_ack) return;
    const bool stream = target_of(written.order).stream;
    return answer(written, attempt_outcome::succeeded, {},
                  stream ? fmt::format(R"({{"entry":"{}"}})", reply.text())
                         : fmt::format(R"({{"length":{}}})", reply.integer()));
  }
  if (written.waits_for_ack && !setup_.acks.forget(written.order.what.id, written.order.number)) return;
  auto why = connection_.failure_of(reply);
  if (why.is("WRONGTYPE"))
    why.message = fmt::format("the key {} holds no {}: {}", target_of(written.order).key,
                              target_of(written.order).stream ? "stream" : "list", why.message);
  answer(written, attempt_outcome::failed, std::move(why.message));
}

void redis_lane::receive() {
  const auto until = setup_.clock->steady_now() + look_every;
  while (!under_way_.empty()) {
    auto reply = connection_.receive(until);
    if (!reply) return fail_all(reply.error());
    if (!*reply) return;
    confirm(under_way_.front(), **reply);
    under_way_.pop_front();
  }
}

void redis_lane::end_cancelled_and_late() {
  std::set<std::pair<uint64_t, uint32_t>> cancelled;
  {
    const std::lock_guard lock{mutex_};
    for (auto& each : queue_)
      if (const auto found = cancelled_.find({value_of(each.order.what.id), each.order.number});
          found != cancelled_.end()) {
        answer(each, attempt_outcome::cancelled, "cancelled before it was written");
        cancelled_.erase(found);
      }
    std::erase_if(queue_, [](const attempt& each) { return each.answered; });
    cancelled.swap(cancelled_);
  }
  const auto now = setup_.clock->steady_now();
  for (auto& each : under_way_) {
    if (each.answered || each.waits_for_ack) continue; // the latter end where they wait
    const auto& order = each.order;
    if (cancelled.contains({value_of(order.what.id), order.number}))
      answer(each, attempt_outcome::cancelled, "cancelled after it was sent: the message may be there");
    else if (now >= each.times_out_at)
      answer(each, attempt_outcome::timed_out,
             fmt::format("Redis at {} did not answer within {} (timeout): the message may be there",
                         connection_.address(), format_duration(order.what.how->timeout)));
  }
  if (!under_way_.empty() && now >= under_way_.front().times_out_at + silence_max) {
    connection_.disconnect();
    fail_all({fmt::format("Redis at {} did not answer for a long time", connection_.address())});
  }
}

void redis_lane::answer(attempt& which, attempt_outcome outcome, std::string error, std::string response) {
  auto result = result_for(which.order);
  result.outcome = outcome;
  result.started_at = which.started_at;
  result.finished_at = setup_.clock->wall_now();
  result.error = std::move(error);
  result.response = std::move(response);
  results_.push_back(std::move(result));
  which.answered = true;
}

void redis_lane::tell() {
  if (!results_.empty()) setup_.sink(std::exchange(results_, {}));
}

} // namespace wheelwork
