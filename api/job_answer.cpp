#include "api/job_answer.hpp"

#include <nlohmann/json.hpp>

namespace wheelwork {

namespace {

std::string location_of(job_id id) { return "Location: /api/v1/jobs/" + to_string(id) + "\r\n"; }

} // namespace

http_answer accepted_answer(const new_job& made, job_id id, const std::array<uint8_t, 16>& database_secret) {
  job_view view;
  view.what = made.made;
  view.what.id = id;
  view.task_name = made.task_name;
  view.unique_key = made.unique_key;
  view.external_id = made.external_id;
  view.marks = made.marks;
  view.created_at = made.created_at;
  auto answer = http_answer{201, job_to_text(view, database_secret, false)};
  answer.extra_head = location_of(id);
  return answer;
}

void answer_with_job(api_context& context, const pending_ptr& pending, job_id id, unsigned status) {
  const auto& secret = context.node.database_secret();
  context.read(pending, [id, status, &secret](journal_reader& reader) {
    const auto found = reader.find_job(id);
    if (!found) return answer_of(found.error());
    if (!*found) {
      // Finished already, and its task keeps no history: the id is what is left of it.
      nlohmann::json rest{{"id", to_string(id)}, {"state", nullptr}, {"trace_id", trace_id_of(id, secret)}};
      return json_answer(status, rest);
    }
    auto answer = http_answer{status, job_to_text(**found, secret, true)};
    if (status == 201) answer.extra_head = location_of(id);
    return answer;
  });
}

} // namespace wheelwork
