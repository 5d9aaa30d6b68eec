// Pushed jobs from their texts, fast: a batch of a thousand usual jobs takes well under a millisecond.
//
// Usual members are read straight from the text (simdjson); targets that were seen before come from a cache. Whatever
// is unusual or wrong goes through the functions of json.hpp, so that faults are the same, word for word, whichever way
// a job came.
#pragma once

#include "messages/json.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace wheelwork {

/// The most jobs in one batch.
inline constexpr size_t batch_jobs_max = 10'000;

/// Keeps buffers and a cache between calls: make one for each thread that decodes. One thread at a time.
class job_decoder {
public:
  job_decoder();
  job_decoder(job_decoder&&) noexcept;
  job_decoder& operator=(job_decoder&&) noexcept;
  ~job_decoder();

  /// The body of POST /jobs; see job_from_json for what a job is like. Of the context `now` and `known` count.
  result<new_job, json_faults> decode_job(std::string_view text, const json_context& context);
  /// `{"jobs":[…]}`. Faults of all jobs at once, with pointers such as /jobs/3/delay. No jobs are an empty answer.
  result<std::vector<new_job>, json_faults> decode_batch(std::string_view text, const json_context& context);
  /// NDJSON: one job a line, blank lines are passed over. Pointers count the jobs as in decode_batch.
  result<std::vector<new_job>, json_faults> decode_lines(std::string_view text, const json_context& context);

private:
  class implementation;
  std::unique_ptr<implementation> implementation_;
};

} // namespace wheelwork
