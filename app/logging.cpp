#include "app/logging.hpp"

#include "schedule/time_text.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace wheelwork {

namespace {

/// One JSON object a line.
class json_formatter final : public spdlog::formatter {
public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& into) override {
    auto since = std::chrono::duration_cast<milliseconds>(message.time.time_since_epoch());
    nlohmann::ordered_json line{
        {"time", format_time(wall_time{since})},
        {"level", std::string(to_string_view(message.level).data(), to_string_view(message.level).size())},
        {"message", std::string(message.payload.data(), message.payload.size())},
    };
    auto text = line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    into.append(text.data(), text.data() + text.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<json_formatter>(); }
};

} // namespace

void open_log(const log_settings& settings) {
  std::shared_ptr<spdlog::logger> logger;
  try {
    spdlog::sink_ptr sink;
    if (settings.file.empty())
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else
      sink =
          std::make_shared<spdlog::sinks::rotating_file_sink_mt>(settings.file, settings.max_size, settings.max_files);
    logger = std::make_shared<spdlog::logger>("wheelwork", std::move(sink));
  } catch (const spdlog::spdlog_ex& error) {
    throw std::runtime_error{"log.file " + settings.file + " can't be written: " + error.what()};
  }
  if (settings.format == "json")
    logger->set_formatter(std::make_unique<json_formatter>());
  else
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(spdlog::level::from_str(settings.level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

} // namespace wheelwork
