#include "api/http_server.hpp"

#include "api/answer_box.hpp"
#include "api/http_session.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/chrono.h>
#include <spdlog/spdlog.h>

#include <sys/resource.h>

#include <atomic>
#include <future>
#include <unordered_map>

namespace wheelwork {

namespace net = boost::asio;
using boost::beast::error_code;
using tcp = net::ip::tcp;

namespace {

constexpr size_t scratch_bytes = 256u << 10;
constexpr milliseconds accept_pause{100}; ///< after the process ran out of descriptors
constexpr milliseconds farewell{1000};    ///< for what is ready to be sent at a stop

/// A part of the descriptors that the process may open: callbacks and the database need theirs.
size_t connections_possible(size_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  return std::max<size_t>(1, std::min<size_t>(wanted, limit.rlim_cur / 4 * 3));
}

std::pair<std::string, std::string> split_listen(const std::string& listen) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos) throw std::runtime_error{"api.listen: " + listen + " must be HOST:PORT"};
  auto host = listen.substr(0, colon);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return {host, listen.substr(colon + 1)};
}

} // namespace

void responder::operator()(http_answer answer) const { box_->put({connection_, exchange_, std::move(answer)}); }

void responder::wait_long(milliseconds at_most, std::function<void()> gone) const {
  box_->wait_long(connection_, exchange_, at_most, std::move(gone));
}

class http_server::state final : public session_host {
public:
  state(http_server_options options, http_handler& handler, const clock_source& clock)
      : options_{std::move(options)}, handler_{handler}, clock_{clock},
        scratch_(scratch_bytes), connections_max_{connections_possible(options_.connections_max)} {
    box_ = std::make_shared<answer_box>(
        context_, [this](boxed_answer& each) { deliver(each); },
        [this](uint64_t connection, uint64_t exchange, milliseconds at_most, std::function<void()> gone) {
          const auto found = sessions_.find(connection);
          if (found != sessions_.end()) found->second->wait_long(exchange, at_most, std::move(gone));
        });
    listen();
  }
  ~state() override { stop(); }

  // session_host
  const http_server_options& options() const override { return options_; }
  std::chrono::steady_clock::time_point now() const override { return clock_.steady_now(); }
  net::mutable_buffer scratch() override { return {scratch_.data(), scratch_.size()}; }
  std::string_view date_line() override {
    const auto second = std::chrono::floor<std::chrono::seconds>(clock_.wall_now());
    if (second != date_second_ || date_line_.empty()) {
      date_second_ = second;
      date_line_ =
          fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n", fmt::gmtime(second.time_since_epoch().count()));
    }
    return date_line_;
  }
  bool stopping() const override { return draining_; }
  http_handler& handler() override { return handler_; }
  responder make_responder(const http_session& session, uint64_t exchange) override {
    return {box_, session.number(), exchange};
  }
  bool reserve_body(uint64_t bytes) override {
    if (bodies_ + bytes > options_.all_bodies_bytes_max) return false;
    bodies_ += bytes;
    return true;
  }
  void release_body(uint64_t bytes) override { bodies_ -= bytes; }
  void waits_for_client(http_session& session) override {
    works(session);
    waiting_.push_back(session);
  }
  void works(http_session& session) override {
    if (session.hook.is_linked()) waiting_.erase(waiting_.iterator_to(session));
  }
  void ended(http_session& session) override {
    sessions_.erase(session.number());
    count_ = sessions_.size();
    if (draining_ && stop_requested_ && sessions_.empty()) context_.stop();
  }

  void start() {
    accept();
    sweep_later();
    thread_ = std::thread{[this] { run(); }};
  }
  uint16_t port() const { return port_; }
  size_t connections() const { return count_; }
  void post(std::function<void()> work) { net::post(context_, std::move(work)); }
  void stop_accepting() {
    post([this] { drain(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    post([this] { give_up(); });
    thread_.join();
    box_->close();
    waiting_.clear();
    sessions_.clear();
  }

private:
  using waiting_list = boost::intrusive::list<
      http_session,
      boost::intrusive::member_hook<http_session, boost::intrusive::list_member_hook<>, &http_session::hook>>;

  void listen() {
    const auto [host, port] = split_listen(options_.listen);
    error_code error;
    const auto found = tcp::resolver{context_}.resolve(host, port, tcp::resolver::passive, error);
    if (error || found.empty()) throw std::runtime_error{"api.listen: " + options_.listen + ": " + error.message()};
    const tcp::endpoint endpoint = found.begin()->endpoint();
    try {
      acceptor_.open(endpoint.protocol());
      acceptor_.set_option(net::socket_base::reuse_address{true});
      acceptor_.bind(endpoint);
      acceptor_.listen();
      acceptor_.non_blocking(true);
    } catch (const boost::system::system_error& failed) {
      throw std::runtime_error{"api.listen: can't listen on " + options_.listen + ": " + failed.code().message() +
                               "; is another node running? Choose another port"};
    }
    port_ = acceptor_.local_endpoint().port();
  }

  void run() {
    box_->owned_by_this_thread();
    while (true) {
      try {
        context_.run();
        return;
      } catch (const std::exception& error) {
        spdlog::error("api: {}", error.what()); // of one connection; the others go on
      }
    }
  }

  void accept() {
    acceptor_.async_accept(context_.get_executor(), [this](error_code error, http_socket socket) {
      if (!acceptor_.is_open()) return;
      if (!error)
        begin_session(std::move(socket));
      else if (error == net::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system)
        return make_room_and_accept();
      accept();
    });
  }

  void make_room_and_accept() {
    if (!waiting_.empty()) {
      waiting_.front().close();
      return accept();
    }
    pause_.expires_after(accept_pause);
    pause_.async_wait([this](error_code error) {
      if (!error && acceptor_.is_open()) accept();
    });
  }

  void begin_session(http_socket socket) {
    if (sessions_.size() >= connections_max_) {
      if (waiting_.empty()) return; // all have a request in hand: the new one is closed
      waiting_.front().close();
    }
    const auto session = std::make_shared<http_session>(std::move(socket), *this, ++last_number_);
    sessions_.emplace(session->number(), session);
    count_ = sessions_.size();
    session->start();
  }

  void deliver(boxed_answer& each) {
    const auto found = sessions_.find(each.connection);
    if (found == sessions_.end()) return answer_box::drop(each);
    const auto session = found->second;
    session->answer(each.exchange, std::move(each.answer));
  }

  void sweep_later() {
    sweep_.expires_after(options_.sweep_interval);
    sweep_.async_wait([this](error_code error) {
      if (error) return;
      for_each_session([](http_session& session) { session.sweep(); });
      sweep_later();
    });
  }

  template <class Action>
  void for_each_session(Action action) {
    std::vector<std::shared_ptr<http_session>> all; // an action may end sessions
    all.reserve(sessions_.size());
    for (const auto& [number, session] : sessions_) all.push_back(session);
    for (const auto& session : all) action(*session);
  }

  void drain() {
    if (std::exchange(draining_, true)) return;
    error_code ignored; // it is closed either way
    acceptor_.close(ignored);
    for_each_session([](http_session& session) { session.close_if_idle(); });
  }

  void give_up() {
    drain();
    stop_requested_ = true;
    for_each_session([](http_session& session) { session.give_up(); });
    if (sessions_.empty()) return context_.stop();
    pause_.expires_after(farewell);
    pause_.async_wait([this](error_code) { context_.stop(); });
  }

  const http_server_options options_;
  http_handler& handler_;
  const clock_source& clock_;
  std::vector<char> scratch_;
  const size_t connections_max_;
  uint16_t port_ = 0;
  uint64_t last_number_ = 0;
  uint64_t bodies_ = 0;
  std::atomic<size_t> count_{0};
  bool draining_ = false, stop_requested_ = false;
  std::chrono::sys_seconds date_second_{};
  std::string date_line_;
  std::unordered_map<uint64_t, std::shared_ptr<http_session>> sessions_;
  waiting_list waiting_;
  std::shared_ptr<answer_box> box_;
  net::io_context context_{1};
  net::basic_socket_acceptor<tcp, net::io_context::executor_type> acceptor_{context_};
  net::steady_timer sweep_{context_};
  net::steady_timer pause_{context_};
  std::thread thread_;
};

http_server::http_server(http_server_options options, http_handler& handler, const clock_source& clock)
    : state_{std::make_unique<state>(std::move(options), handler, clock)} {}
http_server::~http_server() = default;
void http_server::start() { state_->start(); }
uint16_t http_server::port() const { return state_->port(); }
size_t http_server::connections() const { return state_->connections(); }
void http_server::post(std::function<void()> work) { state_->post(std::move(work)); }
void http_server::stop_accepting() { state_->stop_accepting(); }
void http_server::stop() { state_->stop(); }

} // namespace wheelwork
