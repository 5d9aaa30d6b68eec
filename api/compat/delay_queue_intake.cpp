#include "api/compat/delay_queue_intake.hpp"

#include "api/compat/delay_queue_task.hpp"
#include "messages/json.hpp"

#include <nlohmann/json.hpp>

namespace wheelwork {

queue_intake delay_queue_intake(const delay_queue_front_settings& settings) {
  auto pool = std::make_shared<pool_definition>();
  pool->name = "front.delay_queue";
  pool->source = redis_list_source{settings.redis, settings.queue_key, redis_target::list_end::left};
  pool->dead_letter = default_dead_letter(pool->source);
  pool->min = pool->max = 1;
  pool->journal = true;
  // Never run: each entry names its own target.
  resolved_target each_its_own;
  each_its_own.how = native_target{"front.delay_queue"};
  pool->how = shared_target(std::move(each_its_own));
  pool->spec = pool_to_json(*pool).dump();
  queue_intake intake;
  intake.pool = std::move(pool);
  intake.translate = [rules = rules_of(settings)](std::string_view message,
                                                  wall_time now) -> result<new_job, std::string> {
    const auto task = delay_queue_task_of_json(message);
    if (!task) return failure(task.error());
    return job_of(*task, rules, now);
  };
  return intake;
}

} // namespace wheelwork
