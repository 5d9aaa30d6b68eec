#include "messages/job_decoder.hpp"

#include "messages/job_fields.hpp"
#include "messages/json_reader.hpp"
#include "messages/json_text.hpp"
#include "messages/known_names.hpp"
#include "messages/raw_json.hpp"

#include <cstring>

namespace wheelwork {

namespace ondemand = simdjson::ondemand;

namespace {

/// Faults after which a batch is not read further.
constexpr size_t batch_faults_max = 100;

/// The jobs of one batch, or what is wrong with them.
struct batch_answer {
  std::vector<new_job> jobs;
  json_faults faults;

  void add(result<new_job, json_faults> read) {
    if (read)
      jobs.push_back(*std::move(read));
    else
      faults.insert(faults.end(), std::make_move_iterator(read.error().begin()),
                    std::make_move_iterator(read.error().end()));
  }
  /// False: it makes no sense to read on.
  bool goes_on(size_t index) {
    if (index >= batch_jobs_max) {
      faults.push_back(
          {"/jobs", "has too many jobs: at most " + std::to_string(batch_jobs_max) + " are taken at once"});
      return false;
    }
    if (faults.size() < batch_faults_max) return true;
    faults.push_back({"/jobs", "there may be more faults: the jobs from number " + std::to_string(index) +
                                   " on were not looked at"});
    return false;
  }
  result<std::vector<new_job>, json_faults> take() {
    if (!faults.empty()) return failure(std::move(faults));
    return std::move(jobs);
  }
};

/// For what the checks before let through and this parser does not.
json_fault unreadable(std::string pointer) { return {std::move(pointer), "can't be read as JSON", true}; }

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  auto from = text.find_first_not_of(blanks);
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(blanks) - from + 1);
}

} // namespace

class job_decoder::implementation {
public:
  result<new_job, json_faults> decode_job(std::string_view text, const json_context& context) {
    return decode_one(load(text), context);
  }

  result<std::vector<new_job>, json_faults> decode_lines(std::string_view text, const json_context& context) {
    batch_answer answer;
    auto rest = load(text);
    answer.jobs.reserve(rest.size() / usual_job_size);
    for (size_t index = 0; !rest.empty();) {
      auto end = rest.find('\n');
      auto line = trimmed(rest.substr(0, end));
      rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
      if (line.empty()) continue;
      if (!answer.goes_on(index)) break;
      auto pointer = "/jobs/" + std::to_string(index++);
      answer.add(decode_one(line, in(context, pointer)));
    }
    return answer.take();
  }

  result<std::vector<new_job>, json_faults> decode_batch(std::string_view text, const json_context& context) {
    text = load(text);
    if (!is_plain_json(text)) {
      if (auto fault = json_text_fault(text, {}, repeated_members::unchecked))
        return failure(json_faults{std::move(*fault)});
    }
    batch_answer answer;
    answer.jobs.reserve(text.size() / usual_job_size);
    ondemand::document document;
    ondemand::object members;
    bool is_object =
        iterate(text).get(document) == simdjson::SUCCESS && document.get_object().get(members) == simdjson::SUCCESS;
    if (!is_object) return failure(json_faults{{"", "must be an object with the list `jobs`: {\"jobs\":[…]}"}});
    bool has_jobs = false;
    for (auto member : members) {
      std::string_view name;
      ondemand::value value;
      if (member.unescaped_key().get(name) != simdjson::SUCCESS || member.value().get(value) != simdjson::SUCCESS) {
        answer.faults.push_back(unreadable(""));
        break;
      }
      if (name != "jobs")
        answer.faults.push_back(
            {member_pointer("", name), "unknown member " + in_backticks(name) + "; known here: jobs"});
      else if (has_jobs)
        answer.faults.push_back({"/jobs", "stands twice in its object: which one counts?"});
      else if (!decode_list(value, context, answer))
        break;
      has_jobs = has_jobs || name == "jobs";
      if (answer.faults.size() >= batch_faults_max) break;
    }
    if (!has_jobs && answer.faults.empty()) answer.faults.push_back({"/jobs", "is missing; it is the list of jobs"});
    return answer.take();
  }

  /// After a body of unusual size its buffers, several times as large as the body, would else stay for good, and in
  /// every thread that decodes.
  void give_back_large() {
    if (capacity_ <= kept_capacity) return;
    capacity_ = 0;
    buffer_.reset();
    check_ = simdjson::dom::parser{};
    reader_ = ondemand::parser{};
  }

private:
  static constexpr size_t usual_job_size = 128;
  static constexpr size_t kept_capacity = 1 << 20; ///< a batch of 1,000 jobs of 600 bytes

  /// A copy with room behind it, as simdjson wants it.
  std::string_view load(std::string_view text) {
    text = without_byte_order_mark(text);
    if (capacity_ < text.size() + simdjson::SIMDJSON_PADDING) {
      capacity_ = text.size() + text.size() / 2 + simdjson::SIMDJSON_PADDING;
      buffer_.reset(new char[capacity_]);
    }
    if (!text.empty()) std::memcpy(buffer_.get(), text.data(), text.size());
    std::memset(buffer_.get() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
    return {buffer_.get(), text.size()};
  }

  /// Valid JSON, every value of it looked at. The reading below skips the inside of payloads, so it can't find faults
  /// there. False may also mean a number that this parser does not read though it is right.
  bool is_plain_json(std::string_view text) {
    return check_.parse(text.data(), text.size(), false).error() == simdjson::SUCCESS;
  }

  simdjson::simdjson_result<ondemand::document> iterate(std::string_view text) {
    return reader_.iterate(
        simdjson::padded_string_view{text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING});
  }

  result<new_job, json_faults> decode_one(std::string_view text, const json_context& context) {
    if (!is_plain_json(text)) return job_from_text(text, context);
    ondemand::document document;
    ondemand::object object;
    if (iterate(text).get(document) != simdjson::SUCCESS || document.get_object().get(object) != simdjson::SUCCESS)
      return job_from_text(text, context);
    auto job = fields_.read(object, context.now);
    if (!job) return decode_generally(text, context);
    if (auto faults = unknown_names_in(*job, context); !faults.empty()) return failure(std::move(faults));
    return *std::move(job);
  }

  /// False: the list can't be read on.
  bool decode_list(ondemand::value& list, const json_context& context, batch_answer& answer) {
    ondemand::array jobs;
    if (list.get_array().get(jobs) != simdjson::SUCCESS) {
      answer.faults.push_back({"/jobs", "must be a list of jobs"});
      return true;
    }
    size_t index = 0;
    for (auto item : jobs) {
      ondemand::value value;
      if (!answer.goes_on(index)) return false;
      if (item.get(value) != simdjson::SUCCESS) {
        answer.faults.push_back(unreadable(item_pointer("/jobs", index)));
        return false;
      }
      decode_item(value, index++, context, answer);
    }
    return true;
  }

  void decode_item(ondemand::value& value, size_t index, const json_context& context, batch_answer& answer) {
    ondemand::object object;
    std::string_view text;
    if (value.get_object().get(object) == simdjson::SUCCESS) {
      if (auto job = fields_.read(object, context.now)) return add_item(*std::move(job), index, context, answer);
      if (object.reset().error() == simdjson::SUCCESS && object.raw_json().get(text) == simdjson::SUCCESS)
        text = trimmed(text);
    } else {
      text = raw_text(value);
    }
    const auto pointer = item_pointer("/jobs", index);
    answer.add(decode_generally(text, in(context, pointer)));
  }

  static void add_item(new_job&& job, size_t index, const json_context& context, batch_answer& answer) {
    auto faults = unknown_names_in(job, context);
    if (faults.empty()) {
      answer.jobs.push_back(std::move(job));
      return;
    }
    for (auto& each : faults) each.pointer.insert(0, item_pointer("/jobs", index));
    answer.add(failure(std::move(faults)));
  }

  static json_context in(const json_context& context, std::string_view pointer) {
    return {.now = context.now, .base_pointer = pointer, .payload_text = {}, .known = context.known};
  }

  static json_faults unknown_names_in(const new_job& job, const json_context& context) {
    if (!context.known) return {};
    auto faults = unknown_names_of(job, *context.known);
    for (auto& each : faults) each.pointer.insert(0, context.base_pointer);
    return faults;
  }

  result<new_job, json_faults> decode_generally(std::string_view text, const json_context& context) {
    auto job = job_from_text(text, context);
    if (job) fields_.remember(*job);
    return job;
  }

  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0;
  simdjson::dom::parser check_;
  ondemand::parser reader_;
  job_fields fields_;
};

job_decoder::job_decoder() : implementation_{std::make_unique<implementation>()} {}
job_decoder::job_decoder(job_decoder&&) noexcept = default;
job_decoder& job_decoder::operator=(job_decoder&&) noexcept = default;
job_decoder::~job_decoder() = default;

result<new_job, json_faults> job_decoder::decode_job(std::string_view text, const json_context& context) {
  auto read = implementation_->decode_job(text, context);
  implementation_->give_back_large();
  return read;
}
result<std::vector<new_job>, json_faults> job_decoder::decode_batch(std::string_view text,
                                                                    const json_context& context) {
  auto read = implementation_->decode_batch(text, context);
  implementation_->give_back_large();
  return read;
}
result<std::vector<new_job>, json_faults> job_decoder::decode_lines(std::string_view text,
                                                                    const json_context& context) {
  auto read = implementation_->decode_lines(text, context);
  implementation_->give_back_large();
  return read;
}

} // namespace wheelwork
