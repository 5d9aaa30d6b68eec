// kill -9 at random moments, again and again, and then the books: what was accepted against what ran.
#include "tests/app/books.hpp"

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

namespace wheelwork::app_test {
namespace {

using std::chrono::milliseconds;
using target_test::received_request;
using target_test::recording_server;
using target_test::test_connection;

/// Kills whom it was told to, once, even when it is told after the shot was asked for.
class node_killer {
public:
  void aim_at(pid_t victim) {
    const std::lock_guard lock{mutex_};
    victim_ = victim;
    aimed_.notify_one();
  }
  void kill_next() {
    std::unique_lock lock{mutex_};
    if (aimed_.wait_for(lock, std::chrono::seconds{30}, [&] { return victim_ > 0; }))
      ::kill(std::exchange(victim_, 0), SIGKILL);
  }

private:
  std::mutex mutex_;
  std::condition_variable aimed_;
  pid_t victim_ = 0;
};

class crashes : public books {
protected:
  node_process node{folder.path(), may_make_folders};
};

TEST_F(crashes, lose_nothing_that_was_accepted_and_repeat_no_fire) {
  const auto rounds = setting("WHEELWORK_CRASH_ROUNDS", 50);
  const auto seed = setting("WHEELWORK_CRASH_SEED", std::random_device{}());
  SCOPED_TRACE("WHEELWORK_CRASH_SEED=" + std::to_string(seed));
  std::mt19937 random{static_cast<std::mt19937::result_type>(seed)};
  node.start();
  open(node);
  for (unsigned long round = 0; round < rounds; ++round) {
    std::thread pushing{[&] { pusher.run(node, SIZE_MAX); }};
    const bool alive = node.runs_on_for(milliseconds{std::uniform_int_distribution<int>{0, 250}(random)});
    node.kill();
    pushing.join();
    ASSERT_TRUE(alive) << "round " << round << ": the node ended by itself\n" << node.log();
    node.start();
  }
  close(node);
  ASSERT_GT(pusher.jobs().size(), rounds);
}

TEST_F(crashes, of_the_node_by_one_job_end_that_job_after_five_tries) {
  // The receiver kills the node on each call of the poisonous job: the effect is out, its outcome never is.
  node_killer killer;
  recording_server poison{[&](test_connection& connection, const received_request&) {
    killer.kill_next();
    connection.wait_for_close();
  }};
  node.start();
  const auto id = node.push({{"target", {{"http", {{"url", poison.url()}, {"method", "POST"}}}}}, {"delay", "200ms"}});
  const auto bystander =
      node.push({{"target", {{"http", {{"url", receiver.url()}, {"method", "POST"}}}}}, {"delay", "200ms"}});
  for (int tries = 0; tries < 5; ++tries) {
    killer.aim_at(node.pid());
    node.wait_for_end();
    node.launch();
  }
  node.wait_until_ready();
  const auto job = node.final_job(id);
  EXPECT_EQ(job["state"], "dead") << job.dump();
  EXPECT_EQ(job["reason"], "crashed_node") << job.dump();
  EXPECT_EQ(job["attempts"].size(), 5u) << job.dump();
  EXPECT_EQ(poison.requests().size(), 5u);
  EXPECT_EQ(node.final_job(bystander)["state"], "succeeded");
}

} // namespace
} // namespace wheelwork::app_test
