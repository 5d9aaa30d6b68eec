#include "api/compat/delay_queue_front.hpp"

#include "api/compat/delay_queue_task.hpp"
#include "api/compat/form_fields.hpp"
#include "api/compat/front_access.hpp"
#include "api/pending_answer.hpp"
#include "api/push_collector.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace wheelwork {

namespace {

constexpr std::string_view save_path = "/api/task/save";
constexpr std::string_view answer_type = "application/json; charset=utf-8";

http_answer refused(std::string_view why, unsigned status = 200) {
  http_answer answer;
  answer.status = status;
  answer.body = R"({"code":"no","data":)" + dump(nlohmann::json(why)) + "}";
  answer.content_type = answer_type;
  return answer;
}

http_answer refused_parameter(const std::string& why) { return refused("参数错误：" + why); }

http_answer saved(job_id id) {
  http_answer answer;
  answer.body = R"({"code":"ok","data":"操作成功"})";
  answer.content_type = answer_type;
  answer.extra_head = "Wheelwork-Job-Id: " + to_string(id) + "\r\n";
  return answer;
}

http_answer not_saved(const service_error& error) {
  auto answer = refused("保存失败：" + error.message);
  if (error.code == service_errc::unavailable || error.code == service_errc::overloaded ||
      error.code == service_errc::unknown_outcome)
    answer.extra_head = "Retry-After: " + std::to_string(error.retry_after.count()) + "\r\n";
  return answer;
}

http_answer forgotten() {
  return not_saved({service_errc::unknown_outcome,
                    "the node stops; the task may have been saved or not",
                    std::chrono::seconds{1},
                    {}});
}

/// The checks in the order of that service; an answer says what is wrong.
result<delay_queue_task, http_answer> task_of(const http_request& request) {
  auto fields = read_form(request.content_type, request.body);
  if (!fields) return failure(refused_parameter(fields.error()));
  delay_queue_task task;
  auto plan_time = plan_time_of_seconds((*fields)["plan_time"]);
  if (!plan_time) return failure(refused_parameter(plan_time.error()));
  task.plan_time = *plan_time;
  task.notify_url = std::move((*fields)["notify_url"]);
  if (task.notify_url.empty()) return failure(refused("通知地址参数必须"));
  task.method_name = std::move((*fields)["method_name"]);
  task.notify_param = std::move((*fields)["notify_param"]);
  return task;
}

http_server_options with_address(http_server_options limits, const std::string& listen) {
  limits.listen = listen;
  return limits;
}

} // namespace

class delay_queue_front::state final : public http_handler {
public:
  state(const delay_queue_front_settings& settings, node_service& node, http_server_options limits,
        uint32_t in_flight_max)
      : node_{node}, rules_{rules_of(settings)}, access_{settings.tokens, settings.allow_networks, settings.hosts},
        pushes_{node, in_flight_max}, server_{with_address(std::move(limits), settings.listen), *this, node.clock()} {
    pushes_.post = [this](std::function<void()> work) { server_.post(std::move(work)); };
    server_.start();
  }

  std::optional<http_answer> refuse(const http_head& head, token_role&) override {
    const auto refusal = access_.refusal(head);
    if (!refusal) return std::nullopt;
    auto answer = refused(refusal->second, refusal->first);
    if (refusal->first == 401) answer.extra_head = "WWW-Authenticate: Bearer realm=\"wheelwork\"\r\n";
    return answer;
  }

  void handle(http_request request, responder respond) override {
    if (request.path != save_path) return respond(refused("there is no such path; this is POST /api/task/save", 404));
    if (request.method != http_method::post) {
      auto answer = refused("this path takes POST", 405);
      answer.extra_head = "Allow: POST\r\n";
      return respond(std::move(answer));
    }
    if (pushes_.is_full())
      return respond(not_saved({service_errc::overloaded,
                                "as many tasks as api.max_in_flight allows wait for their commit",
                                std::chrono::seconds{1},
                                {}}));
    save(request, respond);
  }

  void reload(const delay_queue_front_settings& settings) {
    server_.post([this, made = front_access{settings.tokens, settings.allow_networks, settings.hosts}]() mutable {
      access_ = std::move(made);
    });
  }

  http_server& server() { return server_; }

private:
  void save(const http_request& request, const responder& respond) {
    const auto task = task_of(request);
    if (!task) return respond(task.error());
    const auto now = node_.clock().wall_now();
    auto job = job_of(*task, rules_, now);
    if (!job) return respond(refused_parameter(job.error()));
    if (request.idempotency_key && !request.idempotency_key->empty()) {
      job->unique_key = *request.idempotency_key;
      job->unique_until = now + unique_for_default;
    }
    push_request push;
    push.jobs.push_back(std::move(*job));
    push.done = [owed = std::make_shared<pending_answer>(respond, forgotten)](
                    const result<std::vector<pushed_job>, service_error>& done) {
      owed->give(done ? saved(done->front().id) : not_saved(done.error()));
    };
    pushes_.add(std::move(push));
  }

  node_service& node_;
  const delay_queue_rules rules_;
  front_access access_;
  push_collector pushes_;
  http_server server_;
};

delay_queue_front::delay_queue_front(const delay_queue_front_settings& settings, node_service& node,
                                     http_server_options limits, uint32_t in_flight_max)
    : state_{std::make_unique<state>(settings, node, std::move(limits), in_flight_max)} {}
delay_queue_front::~delay_queue_front() = default;
uint16_t delay_queue_front::port() const { return state_->server().port(); }
void delay_queue_front::stop_accepting() { state_->server().stop_accepting(); }
void delay_queue_front::stop() { state_->server().stop(); }
void delay_queue_front::reload(const delay_queue_front_settings& settings) { state_->reload(settings); }

} // namespace wheelwork
