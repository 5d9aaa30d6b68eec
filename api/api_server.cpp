#include "api/api_server.hpp"

#include "api/access.hpp"
#include "api/api_context.hpp"
#include "api/router.hpp"

namespace wheelwork {

namespace {

http_server_options server_options(const api_settings& settings, http_server_options limits) {
  limits.listen = settings.listen;
  limits.body_bytes_max = settings.max_body;
  limits.header_timeout = settings.header_timeout;
  limits.body_timeout = settings.body_timeout;
  return limits;
}

} // namespace

class api_server::state final : public http_handler {
public:
  state(const api_settings& settings, node_service& node, node_facts facts, const http_server_options& limits)
      : access_{settings.listen, settings.tokens, settings.hosts}, context_{std::make_shared<api_context>(
                                                                       node, std::move(facts), settings)},
        server_{server_options(settings, limits), *this, node.clock()} {
    context_->pushes.post = [this](std::function<void()> work) { server_.post(std::move(work)); };
    context_->connections = [this] { return server_.connections(); };
    server_.start();
  }

  std::optional<http_answer> refuse(const http_head& head, token_role& role) override {
    return access_.refuse(head, role);
  }
  void handle(http_request request, responder respond) override { route_request(*context_, request, respond); }

  void reload(std::vector<api_token> tokens, std::vector<std::string> hosts) {
    server_.post([this, tokens = std::move(tokens), hosts = std::move(hosts)] { access_.reload(tokens, hosts); });
  }

  void stop_taking_work() {
    server_.post([this] { context_->stopping = true; });
  }

  http_server& server() { return server_; }

private:
  access_control access_;
  std::shared_ptr<api_context> context_;
  http_server server_;
};

api_server::api_server(const api_settings& settings, node_service& node, node_facts facts,
                       const http_server_options& limits)
    : state_{std::make_unique<state>(settings, node, std::move(facts), limits)} {}
api_server::~api_server() = default;
uint16_t api_server::port() const { return state_->server().port(); }
void api_server::stop_taking_work() { state_->stop_taking_work(); }
void api_server::stop_accepting() { state_->server().stop_accepting(); }
void api_server::stop() { state_->server().stop(); }
void api_server::reload(std::vector<api_token> tokens, std::vector<std::string> hosts) {
  state_->reload(std::move(tokens), std::move(hosts));
}

} // namespace wheelwork
