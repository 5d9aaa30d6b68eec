// Stands between a client and a database server and cuts the connection around a COMMIT: before the server has it, or
// after the server has done it and before the client hears of it. It knows no protocol, only the word.
#pragma once

#include <atomic>
#include <filesystem>
#include <list>
#include <mutex>
#include <random>
#include <thread>

namespace wheelwork {

class cutting_proxy {
public:
  /// Listens on a free port of 127.0.0.1 and passes everything on to a Unix socket. Throws std::system_error.
  cutting_proxy(std::filesystem::path server, unsigned long seed);
  ~cutting_proxy();
  cutting_proxy(const cutting_proxy&) = delete;
  cutting_proxy& operator=(const cutting_proxy&) = delete;

  int port() const { return port_; }
  /// From now on every so many-th COMMIT on the average is cut; zero: none.
  void cut_every(unsigned commits) { every_ = commits; }
  /// How many were cut before the server had them, and after.
  size_t cut_before() const { return before_; }
  size_t cut_after() const { return after_; }

private:
  enum class decision { pass, cut_before, cut_after };

  void accept_all();
  void pass_on(int client);
  decision decide(std::string_view from_client);

  std::filesystem::path server_;
  int port_ = 0;
  int listener_ = -1;
  int ending_[2] = {-1, -1}; ///< a pipe: readable from the end on
  std::atomic<unsigned> every_{0};
  std::atomic<size_t> before_{0}, after_{0};
  std::mutex mutex_; ///< guards what follows
  std::mt19937 random_;
  std::list<std::thread> connections_;
  std::thread acceptor_;
};

} // namespace wheelwork
